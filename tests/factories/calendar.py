"""Make doctors, their hours and bookings: what tests of the calendar begin with."""

import itertools
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from flask import Flask

from server.core import clock
from server.core.db import db
from server.core.text import fold_key
from server.core.uow import command
from server.modules.appointments.models import TimeOff, Window
from server.modules.doctors.models import Doctor
from tests.factories.people import SignedIn, make_user, signed_in

_numbers = itertools.count(1)

EVERY_DAY = range(7)


@dataclass(frozen=True)
class DoctorFacts:
    """A doctor as their test knows them."""

    id: uuid.UUID
    user_id: uuid.UUID | None
    first_name: str
    last_name: str

    @property
    def name(self) -> str:
        """Return how the doctor is shown."""
        return f"{self.first_name} {self.last_name}"


@dataclass(frozen=True)
class Booked:
    """An appointment as its test knows it."""

    id: uuid.UUID
    doctor_id: uuid.UUID
    patient_id: uuid.UUID
    starts_at: datetime
    ends_at: datetime
    status: str


def make_doctor(app: Flask, *, user_id: uuid.UUID | None = None, **fields: Any) -> DoctorFacts:
    """Make a doctor's profile, with an account where `user_id` is given; nobody is told."""
    number = next(_numbers)
    facts = {"first_name": "Doc", "last_name": f"Healer{number}", **fields}
    last_name_key = fold_key(facts["last_name"])
    search_text = f" {fold_key(facts['first_name'])} {last_name_key} "
    with app.app_context(), command("tests.make_doctor", "doctor"):
        doctor = Doctor(user_id=user_id, last_name_key=last_name_key, search_text=search_text, **facts)
        db.session.add(doctor)
        db.session.flush()
        return DoctorFacts(doctor.id, user_id, doctor.first_name, doctor.last_name)


def signed_in_doctor(app: Flask, **fields: Any) -> tuple[SignedIn, DoctorFacts]:
    """Make a doctor with an account and return a client signed in as them, and the profile."""
    user = make_user(app, "doctor")
    return signed_in(app, user=user), make_doctor(app, user_id=user.id, **fields)


def open_hours(
    app: Flask,
    doctor_id: uuid.UUID,
    *,
    days: Iterable[int] = EVERY_DAY,
    start: str = "08:00",
    end: str = "18:00",
    slot_minutes: int = 30,
    **fields: Any,
) -> list[uuid.UUID]:
    """Open weekly windows, on all days unless told otherwise (0 is Monday); "00:00" to "00:00" is the whole day."""
    hours = {"start_minute": _minutes(start), "end_minute": _minutes(end), "slot_minutes": slot_minutes, **fields}
    with app.app_context(), command("tests.open_hours", "availability"):
        windows = [Window(doctor_id=doctor_id, weekday=day, **hours) for day in days]
        db.session.add_all(windows)
        _count_version(doctor_id)
        db.session.flush()
        return [window.id for window in windows]


def take_leave(app: Flask, doctor_id: uuid.UUID, starts_at: datetime, ends_at: datetime) -> uuid.UUID:
    """Give a doctor leave, whatever is booked."""
    with app.app_context(), command("tests.take_leave", "time_off"):
        leave = TimeOff(doctor_id=doctor_id, starts_at=starts_at, ends_at=ends_at)
        db.session.add(leave)
        _count_version(doctor_id)
        db.session.flush()
        return leave.id


def _count_version(doctor_id: uuid.UUID) -> None:
    table = Doctor.__table__
    step = {table.c.calendar_version: table.c.calendar_version + 1}
    db.session.execute(table.update().where(table.c.id == doctor_id).values(step))


def _minutes(wall: str) -> int:
    hour, minute = map(int, wall.split(":"))
    return hour * 60 + minute


def at(day_from_today: int, wall: str = "10:00") -> datetime:
    """Return an instant some days from today, at a time of day in UTC; the clinic of tests is in Berlin."""
    day = clock.now().astimezone(UTC).date() + timedelta(days=day_from_today)
    return datetime.combine(day, time.fromisoformat(wall), UTC)


def written(moment: datetime) -> str:
    """Return an instant as clients send it."""
    return moment.isoformat().replace("+00:00", "Z")


def book(app: Flask, doctor_id: uuid.UUID, patient_id: uuid.UUID, starts_at: datetime, **fields: Any) -> Booked:
    """Book a time by the system itself, by the rules of staff; an `override_reason` passes those but overlap."""
    from server.modules.appointments.service import booking

    with app.app_context(), command("tests.book", "appointment"):
        made = booking.book(actor=None, patient_id=patient_id, doctor_id=doctor_id, starts_at=starts_at, **fields)
        return Booked(made.id, doctor_id, patient_id, made.starts_at, made.ends_at, str(made.status))


def set_columns(app: Flask, appointment_id: uuid.UUID, **columns: Any) -> None:
    """Write columns of an appointment directly, such as a status that would take a day to reach."""
    from server.modules.appointments.models import Appointment

    table = Appointment.__table__
    with app.app_context(), command("tests.set_columns", "appointment"):
        db.session.execute(table.update().where(table.c.id == appointment_id).values(**columns))
