"""The statements by which time is taken, built once each, with bound parameters."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import (
    Executable,
    Integer,
    Select,
    String,
    Table,
    Uuid,
    and_,
    bindparam,
    cast,
    exists,
    insert,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql import ColumnElement

from server.core.columns import UTCDateTime
from server.modules.appointments.models import Appointment, TakenInterval
from server.modules.doctors.models import Doctor
from server.modules.patients.enums import PatientStatus
from server.modules.patients.models import Patient

TAKEN: Table = TakenInterval.__table__
BOOKED: Table = Appointment.__table__
_DOCTORS: Table = Doctor.__table__
_PATIENTS: Table = Patient.__table__
# The columns of the two tables share names; the parameters of a booking have this before theirs.
BOOKING = "booking_"


def _bound(name: str, kind: Any) -> ColumnElement[Any]:
    return bindparam(name, type_=kind)


def _row_of(table: Table, prefix: str = "") -> list[ColumnElement[Any]]:
    return [_bound(prefix + column.name, column.type).label(column.name) for column in table.columns]


def _meets(key: str, since: str, until: str, near: str) -> ColumnElement[bool]:
    """Return "this row takes some of that time"; `near` keeps to the part of the index where it can be."""
    columns = TAKEN.c
    return and_(
        columns[key] == _bound(key, Uuid()),
        columns[since] > _bound(near, UTCDateTime()),
        columns[since] < _bound(until, UTCDateTime()),
        columns[until] > _bound(since, UTCDateTime()),
    )


_MEETS_DOCTOR = _meets("doctor_id", "busy_from", "busy_to", "doctor_since")
_MEETS_PATIENT = _meets("patient_id", "starts_at", "ends_at", "patient_since")


@cache
def take(*, on_postgres: bool, for_patient: bool, with_booking: bool) -> Executable:
    """Return the statement that takes a seat while the doctor, and the patient, still are as they were judged."""
    still = _DOCTORS.c.calendar_version == _bound("calendar_version", Integer())
    source: Any = _DOCTORS
    if for_patient:
        source = _DOCTORS.join(_PATIENTS, _PATIENTS.c.id == _bound("patient_id", Uuid()))
        still &= _PATIENTS.c.status == PatientStatus.ACTIVE.value
    is_it = _DOCTORS.c.id == _bound("doctor_id", Uuid())
    row: Select[Any] = select(*_row_of(TAKEN)).select_from(source).where(is_it, still)
    names = [column.name for column in TAKEN.columns]
    if not on_postgres:
        same_seat = TAKEN.c.seat == _bound("seat", Integer())
        row = row.where(~exists().where(_MEETS_DOCTOR, same_seat), ~exists().where(_MEETS_PATIENT))
        return insert(TAKEN).from_select(names, row).returning(TAKEN.c.id)
    # Whoever changes the hours or the patient's status waits for this lock, or this waits for them and looks again.
    taken = postgresql.insert(TAKEN).from_select(names, row.with_for_update(read=True))
    taken_or_not = taken.on_conflict_do_nothing().returning(TAKEN.c.id)
    if not with_booking:
        return taken_or_not
    booking = select(*_row_of(BOOKED, BOOKING)).select_from(taken_or_not.cte("taken"))
    return insert(BOOKED).from_select([column.name for column in BOOKED.columns], booking).returning(BOOKED.c.id)


_TOLD: Mapping[str, Any] = {
    "id": Uuid(),
    "seat": Integer(),
    "expires_at": UTCDateTime(),
    "calendar_version": Integer(),
    "status": String(),
}


def _reason(kind: str, table: Table, *names: str) -> Select[Any]:
    told = ((table.c[name] if name in names else cast(null(), type_)).label(name) for name, type_ in _TOLD.items())
    return select(literal(kind, String()).label("kind"), *told)


# What stands in the way: rows of kind doctor, patient, seat, busy, and known where the booking has its time already.
WHY = union_all(
    _reason("doctor", _DOCTORS, "id", "calendar_version").where(_DOCTORS.c.id == _bound("doctor_id", Uuid())),
    _reason("patient", _PATIENTS, "id", "status").where(_PATIENTS.c.id == _bound("patient_id", Uuid())),
    _reason("seat", TAKEN, "id", "seat", "expires_at").where(_MEETS_DOCTOR),
    _reason("busy", TAKEN, "id", "expires_at").where(_MEETS_PATIENT),
    _reason("known", TAKEN, "id").where(TAKEN.c.appointment_id == _bound("appointment_id", Uuid())),
)
