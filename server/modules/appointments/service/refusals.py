"""What scheduling refuses, and why."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from server.core.db import db
from server.core.errors import Conflict, DomainError, InvalidTransition
from server.modules.appointments.calendar.judge import told
from server.modules.appointments.enums import Reason
from server.modules.appointments.models.booking import PatientBusy, SlotTaken
from server.modules.doctors.queries.clinic import clinic_phone


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


def notice_window() -> NoticeWindow:
    """Return the refusal of what comes too late for patients, with the clinic's number where it is known."""
    phone = clinic_phone(db.session.connection())
    message = NoticeWindow.default_message()
    return NoticeWindow(f"{message.removesuffix('.')} ({phone})." if phone else message)


def already_booked(refusal: SlotTaken | PatientBusy, appointment_id: uuid.UUID, *, as_staff: bool) -> DomainError:
    """Return the refusal of a time that is taken by the very appointment that is asked for once more."""
    message = f"{'The patient has' if as_staff else 'You have'} this appointment already."
    return type(refusal)(message, errors={"starts_at": [message]}, appointment_id=str(appointment_id))


def invalid_transition(status: str, cannot: str) -> InvalidTransition:
    """Return the refusal of what an appointment in this state cannot do, such as "become completed"."""
    return InvalidTransition(f"An appointment that is {_in_words(status)} cannot {_in_words(cannot)}.")


def _in_words(status: str) -> str:
    return str(status).replace("_", " ")
