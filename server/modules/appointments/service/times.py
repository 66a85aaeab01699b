"""How long a visit is asked to be."""

from __future__ import annotations

from datetime import datetime, timedelta

from server.core.errors import refused
from server.modules.appointments.calendar.judge import LONGEST_MINUTES
from server.modules.appointments.schemas.booking import SHORTEST_MINUTES

_MINUTE = timedelta(minutes=1)


def asked_minutes(starts_at: datetime, ends_at: datetime | None, minutes: int | None) -> int | None:
    """Return the length that was asked for, if any; where end and length are both given they have to agree."""
    if ends_at is None:
        return minutes
    length, rest = divmod(ends_at - starts_at, _MINUTE)
    if rest or not SHORTEST_MINUTES <= length <= LONGEST_MINUTES:
        raise refused("ends_at", why=f"Expected {SHORTEST_MINUTES} to {LONGEST_MINUTES} whole minutes after starts_at.")
    if minutes is not None and minutes != length:
        raise refused("duration_minutes", "ends_at", why="The end and the length do not agree.")
    return length
