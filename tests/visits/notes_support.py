"""Who and what the tests of notes begin with."""

import uuid
from dataclasses import dataclass
from typing import Any

from flask import Flask

from tests.factories.calendar import signed_in_doctor
from tests.factories.charts import make_visit, set_visit
from tests.factories.people import PatientFacts, SignedIn, make_patient, make_user, relate, signed_in

PARTS = ("subjective", "objective", "assessment", "plan")


@dataclass(frozen=True)
class Scene:
    """A patient with an account at an open visit, and who cares for them."""

    app: Flask
    doctor: SignedIn
    nurse: SignedIn
    somebody: SignedIn
    patient: PatientFacts
    doctor_id: uuid.UUID
    visit_id: uuid.UUID
    notes: str

    def another(self, role: str, **times: Any) -> SignedIn:
        """Return somebody else of a role who cares for the patient."""
        other = signed_in(self.app, role)
        relate(self.app, self.patient.id, other.user.id, **times)
        return other

    def close(self, status: str = "completed") -> None:
        """Close the visit."""
        set_visit(self.app, self.visit_id, status=status)


def make_scene(app: Flask) -> Scene:
    """Make the scene."""
    user = make_user(app, "patient")
    patient = make_patient(app, user_id=user.id)
    doctor, profile = signed_in_doctor(app)
    nurse = signed_in(app, "nurse")
    for someone in (doctor, nurse):
        relate(app, patient.id, someone.user.id)
    visit_id = make_visit(app, patient.id, profile.id)
    return Scene(
        app, doctor, nurse, signed_in(app, user=user), patient, profile.id, visit_id, f"/visits/{visit_id}/notes"
    )


def drafted(someone: SignedIn, notes: str, **parts: Any) -> dict[str, Any]:
    """Draft a note and return it."""
    answer = someone.post(notes, json=parts or {"plan": "Rest"})
    assert answer.status_code == 201, answer.text
    data: dict[str, Any] = answer.json["data"]
    return data


def signed(someone: SignedIn, notes: str, note: dict[str, Any]) -> dict[str, Any]:
    """Sign a note and return it."""
    answer = someone.post(f"{notes}/{note['id']}/sign")
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json["data"]
    return data


def person(someone: SignedIn) -> dict[str, str]:
    """Return how an answer names somebody."""
    return {"id": str(someone.user.id), "name": f"{someone.user.first_name} {someone.user.last_name}"}


def tag(note: dict[str, Any]) -> dict[str, str]:
    """Return the header that says which version was read."""
    return {"If-Match": f'"{note["version"]}"'}
