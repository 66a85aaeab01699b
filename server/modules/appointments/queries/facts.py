"""Read what is known of a doctor's time: one statement, whatever the range and however many doctors."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    JSON,
    CompoundSelect,
    Connection,
    Date,
    Integer,
    Row,
    Select,
    String,
    Uuid,
    bindparam,
    cast,
    exists,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql import ColumnElement

from server.core import clock
from server.core.columns import UTCDateTime
from server.core.direct import fetch
from server.core.people import full_name
from server.modules.appointments.calendar.facts import DateHours, Facts, Hours, Taken, WeeklyHours
from server.modules.appointments.calendar.judge import LONGEST_MINUTES
from server.modules.appointments.models import Override, TakenInterval, TimeOff, Window
from server.modules.doctors.enums import DoctorStatus
from server.modules.doctors.models import Doctor, Holiday

LONGEST_BUFFER_MINUTES = 240
LONGEST_VISIT = timedelta(minutes=LONGEST_MINUTES)
# No row of taken time is longer, so one range of an index holds all that meet a time.
LONGEST_TAKEN = LONGEST_VISIT + 2 * timedelta(minutes=LONGEST_BUFFER_MINUTES)
# A visit that begins in the range may take time this long before it and after.
_BEFORE = timedelta(minutes=LONGEST_BUFFER_MINUTES)
_AFTER = LONGEST_VISIT + timedelta(minutes=LONGEST_BUFFER_MINUTES)
# Dates are those of the doctor's wall clock, up to 14 hours off; hours of the day before may run over midnight.
_DAYS_AROUND = timedelta(days=2)

Whose = Callable[[InstrumentedAttribute[uuid.UUID]], ColumnElement[bool]]

_DOCTOR, _WINDOW, _OVERRIDE, _LEAVE, _HOLIDAY, _TAKEN = range(6)

_COLUMNS: dict[str, Any] = {
    "doctor_id": Uuid(),
    "key": Uuid(),
    "n1": Integer(),
    "n2": Integer(),
    "n3": Integer(),
    "n4": Integer(),
    "n5": Integer(),
    "n6": Integer(),
    "n7": Integer(),
    "day1": Date(),
    "day2": Date(),
    "at1": UTCDateTime(),
    "at2": UTCDateTime(),
    "text1": String(),
    "text2": String(),
    "text3": String(),
    "text4": String(),
    "windows": JSON(),
}


def _part(kind: int, **columns: ColumnElement[Any] | Any) -> Select[Any]:
    """Return one part of the union; a column that it does not fill is null, of the type that the first part names."""
    filled = (
        columns.get(name, cast(null(), type_) if kind == _DOCTOR else null()).label(name)
        for name, type_ in _COLUMNS.items()
    )
    return select(literal(kind, Integer).label("kind"), *filled)


def _statement(
    whose: Callable[[InstrumentedAttribute[uuid.UUID]], ColumnElement[bool]], *, with_taken: bool
) -> CompoundSelect[Any]:
    """Return the statement about the doctors whose id `whose` accepts; built once, its key in SQLAlchemy's cache."""
    since, until = bindparam("since", type_=UTCDateTime), bindparam("until", type_=UTCDateTime)
    first_day, last_day = bindparam("first_day", type_=Date), bindparam("last_day", type_=Date)
    now, taken_since = bindparam("now", type_=UTCDateTime), bindparam("taken_since", type_=UTCDateTime)
    parts = [
        _part(
            _DOCTOR,
            doctor_id=Doctor.id,
            key=Doctor.user_id,
            n1=Doctor.default_duration_minutes,
            n2=Doctor.calendar_version,
            text1=Doctor.status,
            text2=Doctor.timezone,
            text3=Doctor.first_name,
            text4=Doctor.last_name,
        ).where(whose(Doctor.id)),
        _part(
            _WINDOW,
            doctor_id=Window.doctor_id,
            n1=Window.weekday,
            n2=Window.start_minute,
            n3=Window.end_minute,
            n4=Window.slot_minutes,
            n5=Window.buffer_before,
            n6=Window.buffer_after,
            n7=Window.capacity,
            day1=Window.valid_from,
            day2=Window.valid_to,
            text1=Window.location,
        ).where(
            whose(Window.doctor_id),
            or_(Window.valid_from.is_(None), Window.valid_from <= last_day),
            or_(Window.valid_to.is_(None), Window.valid_to >= first_day),
        ),
        _part(
            _OVERRIDE,
            doctor_id=Override.doctor_id,
            day1=Override.held_on,
            text1=Override.kind,
            windows=Override.windows,
        ).where(whose(Override.doctor_id), Override.held_on.between(first_day, last_day)),
        _part(_LEAVE, doctor_id=TimeOff.doctor_id, at1=TimeOff.starts_at, at2=TimeOff.ends_at).where(
            whose(TimeOff.doctor_id), TimeOff.starts_at < until, TimeOff.ends_at > since
        ),
        _part(_HOLIDAY, day1=Holiday.held_on).where(Holiday.held_on.between(first_day, last_day)),
    ]
    if with_taken:
        parts.append(
            _part(
                _TAKEN,
                doctor_id=TakenInterval.doctor_id,
                key=TakenInterval.id,
                n1=TakenInterval.seat,
                at1=TakenInterval.busy_from,
                at2=TakenInterval.busy_to,
            ).where(
                whose(TakenInterval.doctor_id),
                TakenInterval.busy_from > taken_since,
                TakenInterval.busy_from < until,
                TakenInterval.busy_to > since,
                or_(TakenInterval.expires_at.is_(None), TakenInterval.expires_at > now),
            )
        )
    return union_all(*parts)


def _is_it(column: InstrumentedAttribute[uuid.UUID]) -> ColumnElement[bool]:
    return column == bindparam("doctor_id", type_=Uuid)


def _has_hours(column: InstrumentedAttribute[uuid.UUID]) -> ColumnElement[bool]:
    opened = or_(*(exists().where(table.doctor_id == Doctor.id) for table in (Window, Override)))
    return column.in_(select(Doctor.id).where(Doctor.status == DoctorStatus.ACTIVE, opened))


_OF_ONE = {with_taken: _statement(_is_it, with_taken=with_taken) for with_taken in (False, True)}
_OF_ALL = _statement(_has_hours, with_taken=True)


def facts_of(
    connection: Connection, doctor_id: uuid.UUID, since: datetime, until: datetime, *, with_taken: bool
) -> Facts | None:
    """Return what has to be known to list or judge visits of a doctor that begin in a range; None: no such doctor."""
    rows = fetch(connection, _OF_ONE[with_taken], _bounds(since, until) | {"doctor_id": doctor_id})
    return next(_gathered(rows), None)


def _bounds(since: datetime, until: datetime) -> dict[str, Any]:
    since, until = since - _BEFORE, until + _AFTER
    return {
        "since": since,
        "until": until,
        "taken_since": since - LONGEST_TAKEN,
        "first_day": since.date() - _DAYS_AROUND,
        "last_day": until.date() + _DAYS_AROUND,
        "now": clock.now(),
    }


def facts_of_all(connection: Connection, since: datetime, until: datetime) -> Iterator[Facts]:
    """Yield the same of every active doctor who has hours."""
    yield from _gathered(fetch(connection, _OF_ALL, _bounds(since, until)))


def _gathered(rows: Sequence[Row[Any]]) -> Iterator[Facts]:
    """Yield the facts of each doctor among the rows."""
    of_doctor: dict[uuid.UUID | None, dict[int, list[Row[Any]]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        of_doctor[row.doctor_id][row.kind].append(row)
    holidays = frozenset(row.day1 for row in of_doctor.pop(None, {}).get(_HOLIDAY, []))
    zone = clock.clinic_zone()
    for parts in of_doctor.values():
        for doctor in parts[_DOCTOR]:
            yield Facts(
                doctor_id=doctor.doctor_id,
                user_id=doctor.key,
                name=full_name(doctor.text3, doctor.text4),
                is_active=doctor.text1 == DoctorStatus.ACTIVE,
                zone=ZoneInfo(doctor.text2) if doctor.text2 else zone,
                default_minutes=doctor.n1,
                calendar_version=doctor.n2,
                weekly=[_weekly(row) for row in parts[_WINDOW]],
                dates=[DateHours(row.day1, row.text1, hours_of(row.windows)) for row in parts[_OVERRIDE]],
                leave=[(row.at1, row.at2) for row in parts[_LEAVE]],
                holidays=holidays,
                taken=[Taken(row.key, row.n1, row.at1, row.at2) for row in parts[_TAKEN]],
            )


def _weekly(row: Row[Any]) -> WeeklyHours:
    hours = Hours(row.n2, row.n3, row.n4, row.n5, row.n6, row.n7, row.text1)
    return WeeklyHours(row.n1, hours, row.day1, row.day2)


def hours_of(windows: Iterable[Mapping[str, Any]]) -> tuple[Hours, ...]:
    """Return the hours that an override's `windows` column holds."""
    return tuple(Hours(**window) for window in windows)
