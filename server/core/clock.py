"""Tell the time: the one place that asks the machine, so that tests can freeze it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from server.core import state


def now() -> datetime:
    """Return the current instant in UTC."""
    return datetime.now(UTC)


def clinic_zone() -> ZoneInfo:
    """Return the clinic's time zone."""
    return state.settings().zone


def today() -> date:
    """Return today's date on the clinic's wall clock."""
    return now().astimezone(clinic_zone()).date()


def begin_of(bound: date) -> datetime:
    """Return the instant from which a range that begins with this date, or instant, reaches."""
    return bound if isinstance(bound, datetime) else datetime.combine(bound, time(), clinic_zone())


def end_of(bound: date) -> datetime:
    """Return the instant before which a range ends: a date is still in it, an instant is not."""
    return bound if isinstance(bound, datetime) else begin_of(bound + timedelta(days=1))
