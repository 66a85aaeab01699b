"""The day's flow: which state may follow which, and what each step writes."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import func, select

from server.core import clock, state
from server.core.access import Actor
from server.core.db import db
from server.core.errors import InvalidTransition, Stale, refused
from server.modules.appointments import signals
from server.modules.appointments.calendar.spans import DAY, day_stretch, local_day
from server.modules.appointments.enums import Reason, Status
from server.modules.appointments.models import Appointment
from server.modules.appointments.policies import Perm
from server.modules.appointments.service import cancelling, doors, events
from server.modules.appointments.service.refusals import TooEarly, invalid_transition, not_available
from server.modules.appointments.service.whom import bookable_patient
from server.modules.doctors.enums import DoctorStatus
from server.modules.doctors.models import Doctor

_S = Status
FOLLOWS: Mapping[Status, frozenset[Status]] = {
    _S.SCHEDULED: frozenset({_S.CONFIRMED, _S.CHECKED_IN, _S.IN_PROGRESS, _S.COMPLETED, _S.CANCELLED, _S.NO_SHOW}),
    _S.CONFIRMED: frozenset({_S.CHECKED_IN, _S.IN_PROGRESS, _S.COMPLETED, _S.CANCELLED, _S.NO_SHOW}),
    _S.CHECKED_IN: frozenset({_S.IN_PROGRESS, _S.COMPLETED, _S.CANCELLED}),
    _S.IN_PROGRESS: frozenset({_S.COMPLETED}),
    _S.COMPLETED: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.NO_SHOW: frozenset({_S.SCHEDULED}),
}
# Who arrives is seen: on the local day and, where that was forgotten or goes past midnight, until the next one ends.
_SEEN = (_S.CHECKED_IN, _S.IN_PROGRESS)
# A visit may be over a little before it was to begin.
COMPLETE_BEFORE = timedelta(minutes=15)


def change_status(
    *, actor: Actor | None, appointment_id: uuid.UUID, to: Status, reason: str | None = None
) -> Appointment:
    """Take an appointment to another state, by the same rules whichever way it is asked for."""
    if to == Status.CANCELLED:
        return _cancelled(actor, appointment_id, reason)
    reached = doors.reach(actor, Perm.FLOW, appointment_id)
    if to == Status.CHECKED_IN:
        doors.lock_doctors(reached.doctor_id)
    appointment = doors.locked(appointment_id)
    if appointment.doctor_id != reached.doctor_id:
        raise Stale(current_version=appointment.version)
    was = Status(appointment.status)
    if to not in FOLLOWS[was]:
        raise invalid_transition(was, f"become {to}")
    _require_time(appointment, reached, to)
    if was == Status.NO_SHOW:
        _require_correction(appointment, reached, reason)
    _step(appointment, reached, to)
    db.session.flush()
    events.note(appointment, actor_id=actor.user_id if actor else None, from_status=was, reason=reason)
    signals.went_on.send(appointment=appointment, actor=actor, was=was)
    return appointment


def _cancelled(actor: Actor | None, appointment_id: uuid.UUID, reason: str | None) -> Appointment:
    doors.reach(actor, Perm.FLOW, appointment_id)
    if reason is None:
        raise refused("reason", why="Say why.")
    return cancelling.cancel(actor=actor, appointment_id=appointment_id, reason=reason, permission=Perm.FLOW)


def _require_time(appointment: Appointment, reached: doors.Reached, to: Status) -> None:
    now = clock.now()
    if to in _SEEN:
        day = local_day(reached.zone, appointment.starts_at)
        if now < min(day_stretch(reached.zone, day)[0], appointment.starts_at - COMPLETE_BEFORE):
            raise TooEarly("Not before the day of the appointment.")
        if now >= day_stretch(reached.zone, day + DAY)[1]:
            raise InvalidTransition("The day of the appointment is over.")
    grace = timedelta(minutes=state.settings().no_show_grace_minutes)
    if to == Status.NO_SHOW and now < appointment.starts_at + grace:
        raise TooEarly("The patient may still come.")
    if to == Status.COMPLETED and now < appointment.starts_at - COMPLETE_BEFORE:
        raise TooEarly(f"Not before {COMPLETE_BEFORE // timedelta(minutes=1)} minutes before its start.")


def _require_correction(appointment: Appointment, reached: doors.Reached, reason: str | None) -> None:
    """A missed appointment may be put back on its own day, with a reason, while both are still to be seen here."""
    if reason is None:
        raise refused("reason", why="Say why.")
    if local_day(reached.zone, clock.now()) != local_day(reached.zone, appointment.starts_at):
        raise InvalidTransition("A missed appointment is put back on its own day only.")
    bookable_patient(actor=None, patient_id=appointment.patient_id, as_staff=True)
    if db.session.scalar(select(Doctor.status).where(Doctor.id == appointment.doctor_id)) != DoctorStatus.ACTIVE:
        raise not_available([Reason.DOCTOR_INACTIVE])


def _step(appointment: Appointment, reached: doors.Reached, to: Status) -> None:
    now = clock.now()
    appointment.status = to
    if to == Status.CHECKED_IN:
        appointment.checked_in_at = now
        appointment.queue_day = local_day(reached.zone, appointment.starts_at)
        appointment.queue_number = _next_in_queue(appointment)
    elif to == Status.IN_PROGRESS:
        appointment.begun_at = now
    elif to == Status.COMPLETED:
        appointment.completed_at = now


def _next_in_queue(appointment: Appointment) -> int:
    """Return the next number of the doctor's day; the doctor's row is locked, so no two get the same."""
    of_day = (Appointment.doctor_id == appointment.doctor_id, Appointment.queue_day == appointment.queue_day)
    with db.session.no_autoflush:
        last = db.session.scalar(select(func.max(Appointment.queue_number)).where(*of_day))
    return (last or 0) + 1
