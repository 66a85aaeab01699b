"""Who and what the tests of treatments begin with."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Flask

from server.core.db import db
from server.core.uow import command
from server.modules.billing.models import Charge
from server.modules.treatments.models import Treatment
from tests.factories.calendar import signed_in_doctor
from tests.factories.charts import make_visit, set_visit
from tests.factories.people import PatientFacts, SignedIn, make_patient, make_user, relate, signed_in


@dataclass(frozen=True)
class Scene:
    """A patient with an account at an open visit, and who cares for them."""

    app: Flask
    doctor: SignedIn
    nurse: SignedIn
    somebody: SignedIn
    patient: PatientFacts
    doctor_id: uuid.UUID
    doctor_name: str
    visit_id: uuid.UUID

    def another(self, role: str) -> SignedIn:
        """Return somebody else of a role who cares for the patient."""
        other = signed_in(self.app, role)
        relate(self.app, self.patient.id, other.user.id)
        return other

    def close(self, status: str = "completed") -> None:
        """Close the visit."""
        set_visit(self.app, self.visit_id, status=status)

    def plan(self, someone: SignedIn | None = None, **fields: Any) -> dict[str, Any]:
        """Plan a treatment at the visit and return it."""
        body = {"visit_id": str(self.visit_id), **fields}
        if not {"name", "service_id"} & body.keys():
            body |= {"name": "Dressing", "cost": "12.50"}
        answer = (someone or self.doctor).post("/treatments", json=body)
        assert answer.status_code == 201, answer.text
        data: dict[str, Any] = answer.json["data"]
        return data

    def completed(self, **fields: Any) -> dict[str, Any]:
        """Plan a treatment, complete it, and return it."""
        answer = self.doctor.post(path(self.plan(**fields), "complete"))
        assert answer.status_code == 200, answer.text
        data: dict[str, Any] = answer.json["data"]
        return data

    def shown(self, treatment: dict[str, Any]) -> dict[str, Any]:
        """Return a treatment as it is now."""
        data: dict[str, Any] = self.doctor.get(path(treatment)).json["data"]
        return data


def make_scene(app: Flask) -> Scene:
    """Make the scene."""
    user = make_user(app, "patient")
    patient = make_patient(app, user_id=user.id)
    doctor, profile = signed_in_doctor(app)
    nurse = signed_in(app, "nurse")
    for someone in (doctor, nurse):
        relate(app, patient.id, someone.user.id)
    visit_id = make_visit(app, patient.id, profile.id)
    return Scene(app, doctor, nurse, signed_in(app, user=user), patient, profile.id, profile.name, visit_id)


def path(treatment: dict[str, Any], *more: str) -> str:
    """Return the path of a treatment, or of something below."""
    return "/".join(["/treatments", treatment["id"], *more])


def used(item_id: uuid.UUID, quantity: int = 1) -> dict[str, Any]:
    """Return a line of what a treatment uses."""
    return {"item_id": str(item_id), "quantity": quantity}


def set_written(app: Flask, treatment: dict[str, Any], moment: datetime) -> None:
    """Have a treatment be written down at another time."""
    table = Treatment.__table__
    with app.app_context(), command("tests.set_written", "treatment"):
        stmt = table.update().where(table.c.id == uuid.UUID(treatment["id"]))
        db.session.execute(stmt.values(created_at=moment))


def charges(app: Flask) -> list[dict[str, Any]]:
    """Return all charges in the order in which they were raised."""
    with app.app_context(), db.engine.connect() as connection:
        table = Charge.__table__
        return [dict(row) for row in connection.execute(table.select().order_by(table.c.id)).mappings()]
