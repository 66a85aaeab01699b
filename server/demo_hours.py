"""Hours of the demo doctors: mornings and afternoons in the week, and now and then an evening or a Saturday."""

from __future__ import annotations

import uuid

from server.modules.appointments.service.hours import open_window
from server.modules.doctors.enums import Weekday

_WEEK = (Weekday.MONDAY, Weekday.TUESDAY, Weekday.WEDNESDAY, Weekday.THURSDAY, Weekday.FRIDAY)
_MORNING, _AFTERNOON = (9 * 60, 12 * 60), (13 * 60, 17 * 60)
_EVENING, _SATURDAY = (17 * 60 + 30, 20 * 60), (9 * 60, 13 * 60)


def open_demo_hours(doctor_id: uuid.UUID, number: int) -> None:
    """Open the weekly hours of one demo doctor; which they are follows from their number alone."""
    slot_minutes = (20, 30, 30, 15, 30, 45)[number % 6]
    hours = [(day, part) for day in _WEEK for part in (_MORNING, _AFTERNOON)]
    hours.append((_WEEK[number % 5], _EVENING) if number % 2 else (Weekday.SATURDAY, _SATURDAY))
    for day, (start, end) in hours:
        open_window(
            doctor_id=doctor_id,
            weekday=day,
            start_minute=start,
            end_minute=end,
            slot_minutes=slot_minutes,
            location=f"Room {number + 1}",
        )
