"""Tell whether two weekly windows meet on some date."""

from __future__ import annotations

from datetime import date, timedelta

from server.modules.appointments.calendar.facts import Hours, WeeklyHours

_DAY_MINUTES = 1440
_WEEK = 7


def overlap(one: WeeklyHours, other: WeeklyHours) -> bool:
    """Whether there is a date on which both windows are open at the same time, hours over midnight included."""
    return any(_meet(one, other, days_later) for days_later in (-1, 0, 1))


def _meet(one: WeeklyHours, other: WeeklyHours, days_later: int) -> bool:
    """Whether the other meets this one when it begins so many days after it."""
    if (one.weekday + days_later) % _WEEK != other.weekday:
        return False
    begins = days_later * _DAY_MINUTES + other.hours.start_minute
    if begins >= one.hours.start_minute + length(one.hours) or begins + length(other.hours) <= one.hours.start_minute:
        return False
    shift = timedelta(days=days_later)
    since = max(filter(None, (one.valid_from, other.valid_from and other.valid_from - shift)), default=None)
    until = min(filter(None, (one.valid_to, other.valid_to and other.valid_to - shift)), default=None)
    return since is None or until is None or _first(one.weekday, since) <= until


def length(hours: Hours) -> int:
    """Return the minutes of the wall clock from start to end; an end that is the start is a whole day later."""
    return (hours.end_minute - hours.start_minute) % _DAY_MINUTES or _DAY_MINUTES


def _first(weekday: int, since: date) -> date:
    return since + timedelta(days=(weekday - since.weekday()) % _WEEK)
