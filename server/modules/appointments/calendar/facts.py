"""What has to be known of a doctor to say which times are open, and which are free."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from server.modules.appointments.enums import Reason


@dataclass(frozen=True, slots=True)
class Hours:
    """Opening hours of a day in wall-clock minutes after midnight; an end at or before the start is on the next day."""

    start_minute: int
    end_minute: int
    slot_minutes: int
    buffer_before: int = 0
    buffer_after: int = 0
    capacity: int = 1
    location: str | None = None


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """Hours of one weekday (0 is Monday), from one date to another, both included, where given."""

    weekday: int
    hours: Hours
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class DateHours:
    """What one date has instead of the week's hours (`replace`, `closed`) or beside them (`extra`)."""

    held_on: date
    kind: str
    hours: tuple[Hours, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """Time of a doctor's seat that a booking, or a hold which still stands, takes, buffers included."""

    id: uuid.UUID
    seat: int
    busy_from: datetime
    busy_to: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """One doctor over a range of time: who, by whose clock, open when, away when, taken when."""

    doctor_id: uuid.UUID
    user_id: uuid.UUID | None
    name: str
    is_active: bool
    zone: ZoneInfo
    default_minutes: int | None
    calendar_version: int
    weekly: Sequence[WeeklyHours] = ()
    dates: Sequence[DateHours] = ()
    leave: Sequence[tuple[datetime, datetime]] = ()
    holidays: frozenset[date] = frozenset()
    taken: Sequence[Taken] = field(default=())


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of real time in which a doctor sees patients, and by which grid."""

    starts_at: datetime
    ends_at: datetime
    hours: Hours


@dataclass(frozen=True, slots=True)
class Door:
    """By whose rules a time is asked for: how soon, how far ahead, and whether only at listed starts."""

    now: datetime
    lead_minutes: int
    horizon_days: int
    on_grid: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say of a time, overlap aside: every reason against it, and what a booking of it takes."""

    starts_at: datetime
    ends_at: datetime
    reasons: tuple[Reason, ...]
    buffer_before: int
    buffer_after: int
    capacity: int
    location: str | None
