"""Tell the time: the one place that asks the machine, so that tests can freeze it."""

from __future__ import annotations

from datetime import UTC, date, datetime
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
