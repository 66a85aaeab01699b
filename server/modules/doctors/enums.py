"""The words of doctors."""

from __future__ import annotations

from enum import StrEnum


class DoctorStatus(StrEnum):
    """Whether a doctor sees patients here."""

    ACTIVE = "active"
    INACTIVE = "inactive"


class Weekday(StrEnum):
    """The days of a week in ISO order."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


class OnConflict(StrEnum):
    """What becomes of live bookings that a change of hours, leave or a holiday would strand."""

    KEEP = "keep"
    REFUSE = "refuse"
    CANCEL = "cancel"
