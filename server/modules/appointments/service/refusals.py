"""What scheduling refuses, and why."""

from __future__ import annotations

from collections.abc import Iterable

from server.core.errors import Conflict, InvalidTransition
from server.modules.appointments.calendar.judge import told
from server.modules.appointments.enums import Reason


class NotAvailable(Conflict):
    """That time cannot be booked.

    `reasons` says every reason why.
    """

    code = "not_available"


class NoticeWindow(Conflict):
    """It is too late to cancel or move this appointment by oneself; ask the clinic."""

    code = "notice_window"


class TooEarly(Conflict):
    """It is too early for this, by the appointment's time."""

    code = "too_early"


class TooManyHolds(Conflict):
    """You hold as many times as one may at once; book or release one first."""

    code = "too_many_holds"


class HoldLapsed(Conflict):
    """That hold has lapsed; book the time without it, or hold it again."""

    code = "hold_lapsed"


class PatientInactive(Conflict):
    """The patient is not active."""

    code = "patient_inactive"


def not_available(reasons: Iterable[Reason]) -> NotAvailable:
    """Return the refusal of a time, with every reason against it."""
    found = told(reasons)
    messages = [one["message"] for one in found]
    return NotAvailable(" ".join(messages), reasons=found, errors={"starts_at": messages})


def invalid_transition(status: str, cannot: str) -> InvalidTransition:
    """Return the refusal of what an appointment in this state cannot do, such as "become completed"."""
    return InvalidTransition(f"An appointment that is {_in_words(status)} cannot {_in_words(cannot)}.")


def _in_words(status: str) -> str:
    return str(status).replace("_", " ")
