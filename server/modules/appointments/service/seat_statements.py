"""The statements by which time is taken, built once each, with bound parameters."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import (
    Executable,
    FromClause,
    Insert,
    Integer,
    Select,
    String,
    Table,
    Uuid,
    and_,
    bindparam,
    cast,
    distinct,
    exists,
    func,
    insert,
    literal,
    literal_column,
    null,
    select,
    union_all,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql import ColumnElement

from server.core.columns import UTCDateTime
from server.modules.appointments.enums import Status
from server.modules.appointments.models import Appointment, AppointmentEvent, TakenInterval
from server.modules.doctors.models import Doctor
from server.modules.patients.enums import PatientStatus, RelationSource
from server.modules.patients.models import Patient
from server.modules.patients.models.care import CareRelation

TAKEN: Table = TakenInterval.__table__
BOOKED: Table = Appointment.__table__
NOTED: Table = AppointmentEvent.__table__
RELATED: Table = CareRelation.__table__
_DOCTORS: Table = Doctor.__table__
_PATIENTS: Table = Patient.__table__
# What a booking says of itself; the rest of its row is its time's.
SENT = (
    *("status", "type", "reason", "notes", "location", "override_reason"),
    *("booked_by", "series_id", "search_text"),
)
# What booking, history and care relations take from the time.
_SHARED = tuple(
    TAKEN.c[name] for name in ("appointment_id", "patient_id", "doctor_id", "starts_at", "ends_at", "created_at")
)


def _bound(name: str, kind: Any) -> ColumnElement[Any]:
    return bindparam(name, type_=kind)


def _row_of(table: Table) -> list[ColumnElement[Any]]:
    return [_bound(column.name, column.type).label(column.name) for column in table.columns]


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


def _has_room() -> ColumnElement[bool]:
    """Return "this seat is among those that are left"; hours with fewer seats may keep bookings of higher ones."""
    seat = _bound("seat", Integer())
    higher = select(func.count(distinct(TAKEN.c.seat))).where(_MEETS_DOCTOR, TAKEN.c.seat > seat).scalar_subquery()
    return higher < _bound("capacity", Integer()) - seat


@cache
def take(*, on_postgres: bool, for_patient: bool, with_booking: bool) -> Executable:
    """Return the statement that takes a seat while the doctor, and the patient, still are as they were judged."""
    still = _DOCTORS.c.calendar_version == _bound("calendar_version", Integer())
    source: Any = _DOCTORS
    if for_patient:
        source = _DOCTORS.join(_PATIENTS, _PATIENTS.c.id == _bound("patient_id", Uuid()))
        still &= _PATIENTS.c.status == PatientStatus.ACTIVE.value
    is_it = _DOCTORS.c.id == _bound("doctor_id", Uuid())
    row: Select[Any] = select(*_row_of(TAKEN)).select_from(source).where(is_it, still, _has_room())
    names = [column.name for column in TAKEN.columns]
    if not on_postgres:
        same_seat = TAKEN.c.seat == _bound("seat", Integer())
        row = row.where(~exists().where(_MEETS_DOCTOR, same_seat), ~exists().where(_MEETS_PATIENT))
        return insert(TAKEN).from_select(names, row).returning(TAKEN.c.id)
    # Whoever changes the hours or the patient's status waits for this lock, or this waits for them and looks again.
    taken = postgresql.insert(TAKEN).from_select(names, row.with_for_update(read=True))
    taken_or_not = taken.on_conflict_do_nothing()
    return _with_booking(taken_or_not) if with_booking else taken_or_not.returning(TAKEN.c.id)


def _with_booking(taken_or_not: postgresql.Insert) -> Executable:
    """Return the statement that writes, if the time could be taken, its booking, history and care relations.

    What they share with the time is not sent again. The statement has to stay within what psycopg keeps the parsed form
    of: 4,096 characters and 50 parameters.
    """
    taken = taken_or_not.returning(*_SHARED).cte("taken")
    history, *relations = follow(taken)
    opened = [one.cte(f"opened_{number}") for number, one in enumerate(relations)]
    return _insert(BOOKED, taken, _booking(taken)).returning(BOOKED.c.id).add_cte(history.cte("noted"), *opened)


@cache
def follow_by_itself() -> tuple[Insert, ...]:
    """Return the statements that write history and care relations of a booking whose time and row stand."""
    return follow(TAKEN, TAKEN.c.id == _bound("id", Uuid()))


def follow(taken: FromClause, *which: ColumnElement[bool]) -> tuple[Insert, ...]:
    """Return what is written with a booking: the first of its history, care on its day, and the doctor's care."""
    columns = taken.c
    event = {
        "id": _bound("event_id", Uuid()),
        "appointment_id": columns.appointment_id,
        "at": columns.created_at,
        "actor_id": _bound("booked_by", Uuid()),
        "to_status": literal_column(f"'{Status.SCHEDULED}'"),
        "to_starts_at": columns.starts_at,
        "to_doctor_id": columns.doctor_id,
        "reason": _bound("override_reason", BOOKED.c.override_reason.type),
    }
    related = {
        "patient_id": columns.patient_id,
        "source": literal_column(f"'{RelationSource.APPOINTMENT}'"),
        "source_id": columns.appointment_id,
    }
    on_the_day = {
        "id": _bound("day_relation_id", Uuid()),
        **related,
        "audience": _bound("audience", String()),
        "starts_at": _bound("day_since", UTCDateTime()),
        "ends_at": _bound("day_until", UTCDateTime()),
    }
    of_the_doctor = {
        "id": _bound("doctor_relation_id", Uuid()),
        **related,
        "user_id": _bound("doctor_user_id", Uuid()),
        "starts_at": columns.created_at,
    }
    has_account = _bound("doctor_user_id", Uuid()).is_not(None)
    return (
        _insert(NOTED, taken, event, *which),
        _insert(RELATED, taken, on_the_day, *which),
        _insert(RELATED, taken, of_the_doctor, *which, has_account),
    )


def _booking(taken: FromClause) -> dict[str, ColumnElement[Any]]:
    """Return the columns of a new booking that are not null, with what they are taken from."""
    columns = taken.c
    shared = {name: columns[name] for name in ("patient_id", "doctor_id", "starts_at", "ends_at")}
    at = dict.fromkeys(("timed_at", "created_at", "updated_at"), columns.created_at)
    sent = {name: _bound(name, BOOKED.c[name].type) for name in SENT}
    return {"id": columns.appointment_id, **shared, **at, **sent, "version": literal_column("1")}


def _insert(
    table: Table, taken: FromClause, row: Mapping[str, ColumnElement[Any]], *which: ColumnElement[bool]
) -> Insert:
    found = select(*row.values()).select_from(taken).where(*which)
    return insert(table).from_select(list(row), found, include_defaults=False)


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
