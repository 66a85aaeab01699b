"""Appointments as bare rows, and what becomes of them as signals: for tests of whoever listens."""

import uuid
from datetime import datetime, timedelta

from flask import Flask

from server.core import clock
from server.core.db import db
from server.core.uow import command
from server.modules.appointments import signals
from server.modules.appointments.enums import Status
from server.modules.appointments.models import Appointment
from tests.factories.people import Person, SignedIn


def visit(
    app: Flask, doctor_id: uuid.UUID, patient_id: uuid.UUID, starts_at: datetime, *, minutes: int = 30, **fields: object
) -> uuid.UUID:
    """Agree on an appointment without asking anybody, and say so."""
    with app.app_context(), command("tests.visit", "appointment"):
        ends_at = starts_at + timedelta(minutes=minutes)
        facts = {"type": "procedure", "reason": "Biopsy of the left ear", **fields}
        made = Appointment(patient_id=patient_id, doctor_id=doctor_id, starts_at=starts_at, ends_at=ends_at, **facts)
        db.session.add(made)
        db.session.flush()
        signals.booked.send(appointment=made, actor=None)
        return made.id


def move(app: Flask, appointment_id: uuid.UUID, starts_at: datetime, *, doctor_id: uuid.UUID | None = None) -> None:
    """Give an appointment another time, and say so."""
    with app.app_context(), command("tests.move", "appointment"):
        one = db.session.get_one(Appointment, appointment_id)
        was = {"was_starts_at": one.starts_at, "was_ends_at": one.ends_at, "was_doctor_id": one.doctor_id}
        one.ends_at, one.starts_at, one.timed_at = starts_at + (one.ends_at - one.starts_at), starts_at, clock.now()
        one.doctor_id = doctor_id or one.doctor_id
        signals.moved.send(appointment=one, actor=None, **was)


def cancel(app: Flask, appointment_id: uuid.UUID) -> None:
    """Call an appointment off, and say so."""
    with app.app_context(), command("tests.cancel", "appointment"):
        one = db.session.get_one(Appointment, appointment_id)
        one.status = Status.CANCELLED
        signals.cancelled.send(appointment=one, actor=None)


def make_proxy(desk: SignedIn, ward_id: uuid.UUID, user: Person, *scopes: str) -> str:
    """Let a user act for a patient; return the path of the proxy."""
    contact = {"kind": "guardian", "name": "Kin", "relationship": "kin", "phone": "+16175550100"}
    made = desk.post(f"/patients/{ward_id}/contacts", json={**contact, "user_id": str(user.id)})
    path = f"/patients/{ward_id}/contacts/{made.json['data']['id']}/proxy"
    assert desk.post(path, json={"scopes": list(scopes)}).status_code == 200
    return path
