"""Who and what the tests of records begin with."""

import itertools
import uuid
from dataclasses import dataclass
from typing import Any

from flask import Flask

from server.core.db import db
from server.core.uow import command
from server.modules.files.models import StoredFile
from server.modules.records.models import Document
from tests.factories.calendar import signed_in_doctor
from tests.factories.people import PatientFacts, SignedIn, make_patient, make_user, relate, signed_in

_numbers = itertools.count(1)

WHOLE = {
    "diagnosis": {"code": "J45.909", "display": "Unspecified asthma <uncomplicated> & 5 < 6".replace("<u", "< u")},
    "treatment_plan": "Rest\n\tµg, O'Brien, “quoted”  \n",
    "symptoms": "BP <90/60 & K+ >5.5 عربى \N{FOX FACE}",
    "notes": "<script>alert(1)</script>",
    "prescriptions": ["Salbutamol 100 µg, 2 puffs as needed", "Rest & tea <3 cups"],
    "attachments": [],
}
TEXTS = ("diagnosis", "treatment_plan", "symptoms", "notes", "prescriptions", "attachments")


@dataclass(frozen=True)
class Scene:
    """A patient with an account, and who cares for them."""

    app: Flask
    doctor: SignedIn
    doctor_id: uuid.UUID
    nurse: SignedIn
    somebody: SignedIn
    patient: PatientFacts

    def another(self, role: str) -> SignedIn:
        """Return somebody else of a role who cares for the patient."""
        other = signed_in(self.app, role)
        relate(self.app, self.patient.id, other.user.id)
        return other


def make_scene(app: Flask) -> Scene:
    """Make the scene."""
    user = make_user(app, "patient")
    patient = make_patient(app, user_id=user.id)
    doctor, profile = signed_in_doctor(app)
    nurse = signed_in(app, "nurse")
    for someone in (doctor, nurse):
        relate(app, patient.id, someone.user.id)
    return Scene(app, doctor, profile.id, nurse, signed_in(app, user=user), patient)


def written(someone: SignedIn, scene: Scene, **fields: Any) -> dict[str, Any]:
    """Write a record and return it."""
    content = fields or {"notes": "Well"}
    answer = someone.post("/records", json={"patient_id": str(scene.patient.id), **content})
    assert answer.status_code == 201, answer.text
    data: dict[str, Any] = answer.json["data"]
    return data


def added(someone: SignedIn, **fields: Any) -> dict[str, Any]:
    """Add an entry of one's own and return it."""
    answer = someone.post("/records/me", json=fields or {"symptoms": "Itching"})
    assert answer.status_code == 201, answer.text
    data: dict[str, Any] = answer.json["data"]
    return data


def changed(someone: SignedIn, record: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Change a record and return it."""
    answer = someone.patch(one(record), json={**fields, "version": record["version"]})
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json["data"]
    return data


def released(someone: SignedIn, record: dict[str, Any]) -> dict[str, Any]:
    """Release a record and return it."""
    answer = someone.post(one(record, "release"))
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json["data"]
    return data


def seen(someone: SignedIn, record: dict[str, Any]) -> dict[str, Any]:
    """Return a record as somebody sees it."""
    answer = someone.get(one(record))
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json["data"]
    return data


def one(record: dict[str, Any], *more: str) -> str:
    """Return the path of a record, or of something below."""
    return "/".join(["/records", record["id"], *more])


def person(someone: SignedIn) -> dict[str, str]:
    """Return how an answer names somebody."""
    return {"id": str(someone.user.id), "name": f"{someone.user.first_name} {someone.user.last_name}"}


def tag(record: dict[str, Any]) -> dict[str, str]:
    """Return the header that says which version was read."""
    return {"If-Match": f'"{record["version"]}"'}


def make_document(app: Flask, patient_id: uuid.UUID, **fields: Any) -> str:
    """Write the rows of a document directly, held unless told otherwise; return its id."""
    file = {"name": "scan.png", "media_type": "image/png", "size": 1, "sha256": "0" * 64}
    with app.app_context(), command("tests.make_document", "document"):
        stored = StoredFile(storage_key=f"made-{next(_numbers)}", scan="unscanned", status="kept", **file)
        db.session.add(stored)
        db.session.flush()
        facts = {"status": "held", "source": "clinic", "title": "Scan", **fields}
        document = Document(patient_id=patient_id, file_id=stored.id, **facts)
        db.session.add(document)
        db.session.flush()
        return str(document.id)
