"""The words of scheduling."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """Where an appointment stands; `flow.py` says which may follow which."""

    SCHEDULED = "scheduled"
    CONFIRMED = "confirmed"
    CHECKED_IN = "checked_in"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"


class AppointmentType(StrEnum):
    """What an appointment is for."""

    CONSULTATION = "consultation"
    FOLLOW_UP = "follow_up"
    PROCEDURE = "procedure"
    TELEHEALTH = "telehealth"
    VACCINATION = "vaccination"


class Party(StrEnum):
    """Who cancelled."""

    PATIENT = "patient"
    CLINIC = "clinic"
    PROVIDER = "provider"


class IntervalKind(StrEnum):
    """What takes a doctor's time."""

    BOOKING = "booking"
    HOLD = "hold"


class OverrideKind(StrEnum):
    """What a date's own hours do to those of the week."""

    REPLACE = "replace"
    EXTRA = "extra"
    CLOSED = "closed"


class Reason(StrEnum):
    """Why a time cannot be booked, in the order in which it is told."""

    DOCTOR_INACTIVE = "doctor_inactive"
    IN_PAST = "in_past"
    TOO_SOON = "too_soon"
    TOO_FAR = "too_far"
    HOLIDAY = "holiday"
    TIME_OFF = "time_off"
    OUTSIDE_HOURS = "outside_hours"
    OFF_GRID = "off_grid"


class WaitStatus(StrEnum):
    """Where a place on the waiting list stands."""

    WAITING = "waiting"
    OFFERED = "offered"
    BOOKED = "booked"
    DECLINED = "declined"
    EXPIRED = "expired"


class ReminderKind(StrEnum):
    """How long before an appointment a reminder is due."""

    DAY_BEFORE = "day_before"
    SOON_BEFORE = "soon_before"


# What still stands and takes place, or has begun to.
LIVE = (Status.SCHEDULED, Status.CONFIRMED, Status.CHECKED_IN, Status.IN_PROGRESS)
# Who still waits, with an offer or without.
LIVE_WAITS = (WaitStatus.WAITING, WaitStatus.OFFERED)
