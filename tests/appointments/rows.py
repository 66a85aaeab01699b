"""Appointments as bare rows, where a test is about how they are read and not how they came to be."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from flask import Flask

from server.core.db import db
from server.core.search import search_text
from server.core.text import fold
from server.core.uow import command
from server.modules.appointments.models import Appointment, AppointmentEvent


def appointment(
    app: Flask, doctor_id: uuid.UUID, patient_id: uuid.UUID, starts_at: datetime, *, minutes: int = 30, **fields: Any
) -> uuid.UUID:
    """Write an appointment down and that it was made."""
    facts = {"type": "consultation", **fields}
    with app.app_context(), command("tests.appointment", "appointment"):
        made = Appointment(
            doctor_id=doctor_id,
            patient_id=patient_id,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=minutes),
            search_text=search_text(fold(facts.get("reason") or "")),
            **facts,
        )
        db.session.add(made)
        db.session.flush()
        db.session.add(AppointmentEvent(appointment_id=made.id, to_status=made.status, to_starts_at=starts_at))
        db.session.flush()
        return made.id
