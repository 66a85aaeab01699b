"""Bodies that ask for a time, and short ways to send them."""

import uuid
from datetime import datetime
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from tests.factories.calendar import DoctorFacts, at, make_doctor, open_hours, written
from tests.factories.database import query
from tests.factories.people import SignedIn


def wish(doctor: Any, patient: Any, starts_at: datetime, **fields: Any) -> dict[str, Any]:
    """Return the body of a booking; without a patient, of one for oneself."""
    asked = {"doctor_id": str(doctor.id), "starts_at": written(starts_at), **fields}
    return asked if patient is None else {"patient_id": str(patient.id), **asked}


def booked(someone: SignedIn, doctor: Any, patient: Any, starts_at: datetime | None = None, **fields: Any) -> Any:
    """Book, by default in three days at ten, and return what was answered."""
    answer = someone.post("/appointments", json=wish(doctor, patient, starts_at or at(3), **fields))
    assert answer.status_code == 201, answer.text
    return answer.json["data"]


def one(appointment: Any, *more: str) -> str:
    """Return the path of an appointment, or of something below."""
    found = appointment["id"] if isinstance(appointment, dict) else getattr(appointment, "id", appointment)
    return "/".join(["/appointments", str(found), *more])


def open_doctor(app: Flask, **hours: Any) -> DoctorFacts:
    """Make a doctor who sees patients every day."""
    doctor = make_doctor(app)
    open_hours(app, doctor.id, **hours)
    return doctor


def reasons(answer: TestResponse) -> list[str]:
    """Return every reason against a time that was refused."""
    assert answer.status_code == 409, answer.text
    assert answer.json["code"] == "not_available", answer.text
    return [reason["code"] for reason in answer.json["reasons"]]


def history(someone: SignedIn, appointment: Any) -> list[tuple[str | None, str]]:
    """Return the states that an appointment went through, oldest first."""
    shown = someone.get(one(appointment, "history"))
    assert shown.status_code == 200, shown.text
    return [(event["from_status"], event["to_status"]) for event in shown.json["data"]]


def taken(app: Flask) -> list[dict[str, Any]]:
    """Return what is taken of all doctors' time, in order."""
    return query(app, "SELECT * FROM taken_intervals ORDER BY doctor_id, seat, busy_from")


def overlaps(app: Flask) -> int:
    """Count pairs of stored intervals that break a rule, by comparing each with each."""
    met = query(
        app,
        """
        SELECT COUNT(*) AS pairs FROM taken_intervals a JOIN taken_intervals b ON a.id < b.id
        WHERE (a.doctor_id = b.doctor_id AND a.seat = b.seat AND a.busy_from < b.busy_to AND b.busy_from < a.busy_to)
           OR (a.patient_id = b.patient_id AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at)
        """,
    )
    return int(met[0]["pairs"])


def stored_id(value: Any) -> uuid.UUID:
    """Return an id as Python has it, whichever way the database writes it."""
    return value if isinstance(value, uuid.UUID) else uuid.UUID(str(value))
