"""Read the day's board: each doctor's local day, with whoever is in the house."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, Select, and_, or_, select

from server.core import clock
from server.core.dump import columns_of
from server.modules.appointments.enums import Status
from server.modules.appointments.models import Appointment
from server.modules.appointments.schemas.board import BoardEntry
from server.modules.doctors.models import Doctor
from server.modules.patients.models import Patient

EXPECTED = (Status.SCHEDULED, Status.CONFIRMED)
# Who came for a visit before midnight is still there after it.
_IN_THE_HOUSE = (Status.CHECKED_IN, Status.IN_PROGRESS)
_PART = {
    Status.CHECKED_IN: "waiting",
    Status.IN_PROGRESS: "in_room",
    Status.COMPLETED: "done",
    **dict.fromkeys(EXPECTED, "expected"),
}
PARTS = ("waiting", "in_room", "done", "expected")
_DAY = timedelta(days=1)

_JOINED = {
    "patient_first_name": Patient.first_name,
    "patient_last_name": Patient.last_name,
    "patient_mrn": Patient.mrn,
    "patient_date_of_birth": Patient.date_of_birth,
    "doctor_timezone": Doctor.timezone,
}
COLUMNS = tuple(columns_of(BoardEntry))


@dataclass
class Board:
    """The visits of one doctor's day, by where they stand."""

    doctor: Row[Any]
    day: date
    parts: dict[str, list[Row[Any]]] = field(default_factory=lambda: {part: [] for part in PARTS})


def boards(connection: Connection, doctor_id: uuid.UUID | None) -> list[Board]:
    """Return the boards of the doctors who have visits today, or that of one doctor: two statements, ever."""
    doctors = _doctors(connection, doctor_id)
    found = {doctor.id: Board(doctor, _today(doctor.timezone)) for doctor in doctors}
    days = {(begin, begin + _DAY) for begin in {_midnight(doctor.timezone) for doctor in doctors}}
    rows = _visits(connection, min(days)[0], max(days)[1], doctor_id) if days else []
    for row in rows:
        board = found[row.doctor_id]
        if row.status in _IN_THE_HOUSE or _local_day(row.starts_at, board.doctor.timezone) == board.day:
            board.parts[_PART[row.status]].append(row)
    for board in found.values():
        board.parts["waiting"].sort(key=lambda row: (row.queue_number or 0, row.starts_at))
        board.parts["in_room"].sort(key=lambda row: row.begun_at or row.starts_at)
        board.parts["done"].sort(key=lambda row: row.completed_at or row.starts_at)
    return [board for board in found.values() if doctor_id is not None or any(board.parts.values())]


def _zone(timezone: str | None) -> ZoneInfo:
    return ZoneInfo(timezone) if timezone else clock.clinic_zone()


def _local_day(at: datetime, timezone: str | None) -> date:
    return at.astimezone(_zone(timezone)).date()


def _today(timezone: str | None) -> date:
    return _local_day(clock.now(), timezone)


def _midnight(timezone: str | None) -> datetime:
    return datetime.combine(_today(timezone), time(), _zone(timezone))


def _doctors(connection: Connection, doctor_id: uuid.UUID | None) -> Sequence[Row[Any]]:
    wanted: tuple[Any, ...] = (Doctor.id, Doctor.first_name, Doctor.last_name, Doctor.timezone)
    stmt: Select[Any] = select(*wanted)
    if doctor_id is not None:
        stmt = stmt.where(Doctor.id == doctor_id)
    return connection.execute(stmt.order_by(Doctor.last_name_key, Doctor.id)).all()


def _visits(connection: Connection, begin: datetime, end: datetime, doctor_id: uuid.UUID | None) -> Sequence[Row[Any]]:
    """Return what begins in a range, and whoever is in the house up to a day around it."""
    table = Appointment.__table__
    columns = [_JOINED[name].label(name) if name in _JOINED else table.c[name] for name in COLUMNS]
    stmt: Select[Any] = (
        select(*columns, Appointment.doctor_id)
        .join(Patient, Patient.id == Appointment.patient_id)
        .join(Doctor, Doctor.id == Appointment.doctor_id)
        .where(
            Appointment.starts_at >= begin - _DAY,
            Appointment.starts_at < end + _DAY,
            or_(
                Appointment.status.in_(_IN_THE_HOUSE),
                and_(
                    Appointment.status.in_((*EXPECTED, Status.COMPLETED)),
                    Appointment.starts_at >= begin,
                    Appointment.starts_at < end,
                ),
            ),
        )
        .order_by(Appointment.starts_at, Appointment.id)
    )
    if doctor_id is not None:
        stmt = stmt.where(Appointment.doctor_id == doctor_id)
    return connection.execute(stmt).all()
