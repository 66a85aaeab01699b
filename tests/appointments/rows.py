"""Appointments as bare rows, where a test is about how they are read and not how they came to be."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from flask import Flask

from server.core import clock
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


def make_appointments(app: Flask, doctor_id: uuid.UUID, patient_id: uuid.UUID, count: int) -> list[uuid.UUID]:
    """Write down so many appointments, three at each hour."""
    first = clock.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
    with app.app_context(), command("tests.appointments", "appointment"):
        made = [
            Appointment(
                doctor_id=doctor_id,
                patient_id=patient_id,
                starts_at=first + timedelta(hours=number // 3),
                ends_at=first + timedelta(hours=number // 3, minutes=30),
                type="consultation",
            )
            for number in range(count)
        ]
        db.session.add_all(made)
        db.session.flush()
        return [one.id for one in made]


def add_events(app: Flask, appointment_id: uuid.UUID, count: int) -> None:
    """Write down so many changes of an appointment."""
    with app.app_context(), command("tests.appointments", "appointment"):
        db.session.add_all(
            AppointmentEvent(appointment_id=appointment_id, from_status="scheduled", to_status="scheduled")
            for _ in range(count)
        )
