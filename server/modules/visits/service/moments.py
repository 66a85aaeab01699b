"""When something can have happened at a visit: not before the day on which it began, by the clinic's clock.

The day and not the minute, as a visit is often opened a little after somebody began to work at it.
"""

from __future__ import annotations

from datetime import date, datetime

from server.core import clock
from server.core.errors import refused
from server.modules.visits.service.gate import Passed


def require_at_visit(when: datetime | date, visit: Passed, *, field: str) -> None:
    """Raise a 422 that blames `field` where an instant or a day lies before the day on which the visit began."""
    day = _clinic_day(when) if isinstance(when, datetime) else when
    if day < _clinic_day(visit.started_at):
        raise refused(field, why="Must not be before the day of the visit.")


def _clinic_day(at: datetime) -> date:
    return at.astimezone(clock.clinic_zone()).date()
