"""Visits as tests send them, and short ways to send them."""

import uuid
from typing import Any

from flask import Flask

from server.core.db import db
from server.core.uow import command
from server.modules.appointments.enums import Status
from server.modules.appointments.models import Appointment
from tests.appointments.rows import appointment
from tests.factories.calendar import DoctorFacts, at
from tests.factories.people import SignedIn

WHOLE = {
    "visit_type": "follow_up",
    "chief_complaint": "Cough since 3 days, <38 °C\nno µ-wheeze & no O'Brien sign",
    "notes": "BP <90/60 & K+ >5.5\n\tمرحبا 🦊",
    "patient_instructions": "<p>Drink <strong>2 l</strong> a day</p>",
    "follow_up_on": "2099-12-31",
    "free_follow_up": True,
    "diagnoses": [
        {"code": "J45.909", "display": "Unspecified asthma, uncomplicated", "is_primary": True},
        {"code": None, "display": "Tired of coughing <3", "is_primary": False},
    ],
}
CARD = {
    *("id", "created_at", "updated_at", "version", "number", "patient", "doctor", "patient_id", "doctor_id"),
    *("appointment_id", "status", "visit_type", "source", "started_at", "ended_at"),
}
FULL = CARD | {
    *("chief_complaint", "notes", "patient_instructions", "follow_up_on", "free_follow_up", "diagnoses"),
    *("recorded_by", "author", "voided"),
}


def one(visit: Any, *more: str) -> str:
    """Return the path of a visit, or of something below."""
    found = visit["id"] if isinstance(visit, dict) else visit
    return "/".join(["/visits", str(found), *map(str, more)])


def walk_in(someone: SignedIn, patient: Any, doctor: DoctorFacts | None = None, **fields: Any) -> dict[str, Any]:
    """Open a visit of somebody who walked in, and return what was answered."""
    whom = {"patient_id": str(patient.id), **({"doctor_id": str(doctor.id)} if doctor else {})}
    answer = someone.post("/visits", json={**whom, **fields})
    assert answer.status_code == 201, answer.text
    data: dict[str, Any] = answer.json["data"]
    return data


def agreed(app: Flask, doctor: DoctorFacts, patient: Any, status: str = Status.SCHEDULED, **fields: Any) -> uuid.UUID:
    """Write an appointment down that may be attended."""
    return appointment(app, doctor.id, patient.id, fields.pop("starts_at", at(0)), status=status, **fields)


def opened(someone: SignedIn, appointment_id: uuid.UUID, **fields: Any) -> dict[str, Any]:
    """Open the visit of an appointment, and return what was answered."""
    answer = someone.post("/visits", json={"appointment_id": str(appointment_id), **fields})
    assert answer.status_code == 201, answer.text
    data: dict[str, Any] = answer.json["data"]
    return data


def verb(someone: SignedIn, visit: Any, name: str, **body: Any) -> dict[str, Any]:
    """Take a step with a visit, and return what was answered."""
    answer = someone.post(one(visit, name), json=body) if body else someone.post(one(visit, name))
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json["data"]
    return data


def stands(app: Flask, appointment_id: uuid.UUID) -> tuple[str, uuid.UUID | None]:
    """Return where an appointment stands, and the visit that it names."""
    with app.app_context():
        found = db.session.get_one(Appointment, appointment_id)
        return found.status, found.visit_id


def rows(app: Flask, model: Any, **equal: Any) -> list[Any]:
    """Return the stored rows of a table, oldest first."""
    with app.app_context():
        return list(db.session.query(model).filter_by(**equal).order_by(model.id))


def write_row(app: Flask, row: Any) -> uuid.UUID:
    """Store a row as another room would."""
    with app.app_context(), command("tests.row", "visit"):
        db.session.add(row)
        db.session.flush()
        found: uuid.UUID = row.id
        return found
