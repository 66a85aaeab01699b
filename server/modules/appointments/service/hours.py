"""Rules of hours: weekly windows that do not overlap, dates with hours of their own, leave and holidays."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import exists, select

from server.core import clock, trail as trails
from server.core.access import Actor
from server.core.columns import Expected
from server.core.db import db
from server.core.errors import Conflict, NotFound, refused
from server.modules.appointments.calendar.facts import Hours, WeeklyHours
from server.modules.appointments.calendar.judge import USUAL_MINUTES
from server.modules.appointments.calendar.spans import DAY, day_stretch
from server.modules.appointments.calendar.weekly import overlap
from server.modules.appointments.enums import OverrideKind, Party
from server.modules.appointments.models import Override, TimeOff, Window
from server.modules.appointments.service.stranded import changing_hours, in_the_way, listed, settle
from server.modules.doctors.enums import OnConflict, Weekday
from server.modules.doctors.models import Doctor, Holiday
from server.modules.doctors.service import calendar

_Row = TypeVar("_Row", Window, Override, TimeOff)

_WEEKDAYS = list(Weekday)
_ALL_DAYS_EVERYWHERE = 2 * DAY


class OverlappingHours(Conflict):
    """Another window of this doctor is open at that time."""

    code = "overlapping_hours"


class DateTaken(Conflict):
    """That date has its own hours already, or is closed; delete that first."""

    code = "date_taken"


class AlreadyOff(Conflict):
    """The doctor has this very leave already."""

    code = "already_off"


def open_window(*, doctor_id: uuid.UUID, weekday: str, slot_minutes: int | None = None, **fields: Any) -> Window:
    """Open a weekly window; whoever else changes this doctor's hours waits, so that no two overlap."""
    calendar.count_up(doctor_id=doctor_id)
    window = Window(doctor_id=doctor_id, weekday=_WEEKDAYS.index(Weekday(weekday)), **fields)
    window.slot_minutes = slot_minutes or _usual_minutes(doctor_id)
    _require_room(window)
    db.session.add(window)
    db.session.flush()
    trails.current().about(window.id)
    return window


def change_window(
    *,
    actor: Actor,
    doctor_id: uuid.UUID,
    window_id: uuid.UUID,
    expected: Expected,
    on_conflict: str | None = None,
    **changes: Any,
) -> Window:
    """Change a weekly window, and settle the bookings that would lie outside all hours."""
    if "weekday" in changes:
        changes["weekday"] = _WEEKDAYS.index(Weekday(changes["weekday"]))
    with changing_hours(actor=actor, doctor_id=doctor_id, on_conflict=on_conflict):
        window = _of_doctor(Window, doctor_id, window_id)
        if window is None:
            raise NotFound
        window.require(expected)
        for name, value in changes.items():
            setattr(window, name, value)
        with db.session.no_autoflush:
            _require_room(window)
    return window


def close_window(
    *, actor: Actor, doctor_id: uuid.UUID, window_id: uuid.UUID, expected: Expected, on_conflict: str | None = None
) -> None:
    """Remove a weekly window, and settle the bookings that would lie outside all hours. Again, it changes nothing."""
    with changing_hours(actor=actor, doctor_id=doctor_id, on_conflict=on_conflict):
        _remove(Window, doctor_id, window_id, expected)


def _require_room(window: Window) -> None:
    """Raise unless the window is in order and meets no other one of its doctor."""
    if window.valid_from and window.valid_to and window.valid_to < window.valid_from:
        raise refused("valid_to", why="Must not be before valid_from.")
    others = db.session.scalars(select(Window).where(Window.doctor_id == window.doctor_id, Window.id != window.id))
    for other in others:
        if overlap(_weekly(window), _weekly(other)):
            why = [f"Overlaps the window on {_WEEKDAYS[other.weekday]}, {_shown(other)}."]
            raise OverlappingHours(errors={"start_time": why, "end_time": why}, window_id=other.id)


def _weekly(window: Window) -> WeeklyHours:
    hours = Hours(window.start_minute, window.end_minute, window.slot_minutes)
    return WeeklyHours(window.weekday, hours, window.valid_from, window.valid_to)


def _shown(window: Window) -> str:
    start, end = (f"{minute // 60:02}:{minute % 60:02}" for minute in (window.start_minute, window.end_minute))
    return f"{start} to {end}"


def _usual_minutes(doctor_id: uuid.UUID) -> int:
    usual = db.session.scalar(select(Doctor.default_duration_minutes).where(Doctor.id == doctor_id))
    return usual or USUAL_MINUTES


def set_date(
    *,
    actor: Actor,
    doctor_id: uuid.UUID,
    held_on: date,
    kind: str,
    windows: Sequence[Mapping[str, Any]],
    on_conflict: str | None = None,
    **fields: Any,
) -> Override:
    """Give a date hours of its own, or none, and settle the bookings that would lie outside all hours."""
    with changing_hours(actor=actor, doctor_id=doctor_id, on_conflict=on_conflict):
        if kind != OverrideKind.EXTRA and _has_own_hours(doctor_id, held_on):
            raise DateTaken(errors={"date": [DateTaken.default_message()]})
        _require_apart(windows)
        usual = _usual_minutes(doctor_id)
        hours = [{**window, "slot_minutes": window.get("slot_minutes") or usual} for window in windows]
        override = Override(doctor_id=doctor_id, held_on=held_on, kind=kind, windows=hours, **fields)
        db.session.add(override)
    trails.current().about(override.id)
    return override


def _has_own_hours(doctor_id: uuid.UUID, held_on: date) -> bool:
    found = select(Override.id).where(
        Override.doctor_id == doctor_id, Override.held_on == held_on, Override.kind != OverrideKind.EXTRA
    )
    return db.session.scalar(found) is not None


def _require_apart(windows: Sequence[Mapping[str, Any]]) -> None:
    """Raise unless the windows of one date lie beside each other."""
    laid = [WeeklyHours(0, Hours(one["start_minute"], one["end_minute"], USUAL_MINUTES)) for one in windows]
    for number, one in enumerate(laid):
        if any(overlap(one, other) for other in laid[:number]):
            raise refused(f"windows.{number}.start_time", why="Overlaps another window of this date.")


def clear_date(
    *, actor: Actor, doctor_id: uuid.UUID, override_id: uuid.UUID, expected: Expected, on_conflict: str | None = None
) -> None:
    """Remove a date's own hours, and settle the bookings that lie in no others. Again, it changes nothing."""
    with changing_hours(actor=actor, doctor_id=doctor_id, on_conflict=on_conflict):
        _remove(Override, doctor_id, override_id, expected)


def take_leave(
    *,
    actor: Actor,
    doctor_id: uuid.UUID,
    starts_at: datetime,
    ends_at: datetime,
    on_conflict: str | None = None,
    **fields: Any,
) -> TimeOff:
    """Write down a doctor's leave, once, and settle the bookings that overlap it."""
    # Counting locks the doctor's row: of two who send the same leave at once, the second looks after the first is in.
    calendar.count_up(doctor_id=doctor_id)
    same = (TimeOff.doctor_id == doctor_id, TimeOff.starts_at == starts_at, TimeOff.ends_at == ends_at)
    if db.session.scalar(select(exists().where(*same))):
        raise AlreadyOff
    leave = TimeOff(doctor_id=doctor_id, starts_at=starts_at, ends_at=ends_at, **fields)
    db.session.add(leave)
    db.session.flush()
    trails.current().about(leave.id)
    lost = in_the_way(doctor_id=doctor_id, since=starts_at, until=ends_at)
    settle(actor=actor, lost=lost, on_conflict=on_conflict)
    return leave


def end_leave(*, doctor_id: uuid.UUID, leave_id: uuid.UUID, expected: Expected) -> None:
    """Take leave back. Again, it changes nothing."""
    calendar.count_up(doctor_id=doctor_id)
    _remove(TimeOff, doctor_id, leave_id, expected)
    db.session.flush()


def close_on_holiday(
    _sender: object, *, holiday: Holiday, actor: Actor | None, on_conflict: str
) -> list[dict[str, Any]]:
    """Settle the bookings of all doctors on a holiday that was added; return those that still stand."""
    begin = datetime.combine(holiday.held_on, time(), clock.clinic_zone())
    around = in_the_way(doctor_id=None, since=begin - _ALL_DAYS_EVERYWHERE, until=begin + 2 * _ALL_DAYS_EVERYWHERE)
    lost = []
    for one in around:
        zone = ZoneInfo(one.doctor_timezone) if one.doctor_timezone else clock.clinic_zone()
        since, until = day_stretch(zone, holiday.held_on)
        if one.starts_at < until and one.ends_at > since:
            lost.append(one)
    settle(actor=actor, lost=lost, on_conflict=on_conflict, reason="holiday", party=Party.CLINIC)
    return listed(actor, lost) if on_conflict == OnConflict.KEEP else []


def _of_doctor(kind: type[_Row], doctor_id: uuid.UUID, row_id: uuid.UUID) -> _Row | None:
    """Return a row of this doctor; the doctor's own row is locked already, so nobody else has it in hand."""
    found = db.session.get(kind, row_id)
    return found if found is not None and found.doctor_id == doctor_id else None


def _remove(kind: type[_Row], doctor_id: uuid.UUID, row_id: uuid.UUID, expected: Expected) -> None:
    found = _of_doctor(kind, doctor_id, row_id)
    if found is not None:
        found.require(expected)
        db.session.delete(found)
