"""Have an appointment go with the visit that came of it.

What is done here follows from a visit, which is a fact: neither the hours nor the clock nor whose calendar it is are
asked. The visit's own rules have been.
"""

from __future__ import annotations

import uuid

from sqlalchemy import select

from server.core import clock
from server.core.access import Actor
from server.core.db import db
from server.modules.appointments import signals
from server.modules.appointments.enums import LIVE, Party, Status
from server.modules.appointments.models import Appointment, AppointmentEvent
from server.modules.appointments.service import cancelling, doors, events
from server.modules.appointments.service.refusals import invalid_transition


def locked(appointment_id: uuid.UUID) -> Appointment:
    """Return an appointment as it is now; nobody else changes it until the unit of work ends."""
    return doors.locked(appointment_id)


def begin(appointment: Appointment, *, actor: Actor | None, visit_id: uuid.UUID) -> None:
    """Say that the patient is being seen; raise `InvalidTransition` where the appointment does not stand any more."""
    if appointment.status not in LIVE:
        raise invalid_transition(appointment.status, f"become {Status.IN_PROGRESS}")
    appointment.visit_id = visit_id
    if appointment.status != Status.IN_PROGRESS:
        appointment.begun_at = clock.now()
    _go_on(appointment, Status.IN_PROGRESS, actor=actor)


def complete(appointment: Appointment, *, actor: Actor | None) -> None:
    """Say that the patient has been seen; again, it changes nothing."""
    if appointment.status == Status.IN_PROGRESS:
        appointment.completed_at = clock.now()
        _go_on(appointment, Status.COMPLETED, actor=actor)


def put_back(appointment: Appointment, *, actor: Actor | None, reason: str) -> None:
    """Have a patient who was not seen after all wait as before; a completed appointment only forgets the visit."""
    appointment.visit_id = None
    if appointment.status == Status.IN_PROGRESS:
        appointment.begun_at = None
        _go_on(appointment, _before_it_began(appointment), actor=actor, reason=reason)
    db.session.flush()


def cancel(appointment: Appointment, *, actor: Actor | None, reason: str) -> None:
    """Call off an appointment that was put back, because nothing more may happen to its patient."""
    cancelling.cancel_many(actor=actor, appointment_ids=[appointment.id], reason=reason, party=Party.CLINIC)


def _before_it_began(appointment: Appointment) -> Status:
    """Return where an appointment stood before the patient was seen."""
    stmt = (
        select(AppointmentEvent.from_status)
        .where(
            AppointmentEvent.appointment_id == appointment.id,
            AppointmentEvent.to_status == Status.IN_PROGRESS,
            AppointmentEvent.from_status != Status.IN_PROGRESS,
        )
        .order_by(AppointmentEvent.id.desc())
        .limit(1)
    )
    return Status(db.session.scalar(stmt) or Status.SCHEDULED)


def _go_on(appointment: Appointment, to: Status, *, actor: Actor | None, reason: str | None = None) -> None:
    was = Status(appointment.status)
    appointment.status = to
    db.session.flush()
    if was != to:
        events.note(appointment, actor_id=actor.user_id if actor else None, from_status=was, reason=reason)
        signals.went_on.send(appointment=appointment, actor=actor, was=was)
