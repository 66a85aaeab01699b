"""When something can have happened to a patient: not before the day of birth, and not in the future."""

from __future__ import annotations

from datetime import date, datetime, time

from server.core import clock
from server.core.errors import refused


def require_lived(at: datetime, *, born_on: date, field: str) -> None:
    """Raise a 422 that blames `field` where an instant is yet to come, or lies before the day of birth."""
    if at > clock.now():
        raise refused(field, why="Must not be in the future.")
    if at < datetime.combine(born_on, time(), clock.clinic_zone()):
        raise refused(field, why="Must not be before the patient was born.")
