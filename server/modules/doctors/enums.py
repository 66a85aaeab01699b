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
