"""Cancel appointments: the time is free again, and everybody concerned learns of it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import timedelta

from sqlalchemy import select

from server.core import clock, state
from server.core.access import Actor, Permission
from server.core.columns import ANY_VERSION, Expected
from server.core.db import db
from server.core.errors import refused
from server.modules.appointments import signals
from server.modules.appointments.enums import Party, Status
from server.modules.appointments.models import Appointment
from server.modules.appointments.policies import Perm
from server.modules.appointments.service import doors, events, own_time, relations, seats
from server.modules.appointments.service.refusals import invalid_transition, notice_window

CANCELLABLE = (Status.SCHEDULED, Status.CONFIRMED, Status.CHECKED_IN)


def cancel(
    *,
    actor: Actor | None,
    appointment_id: uuid.UUID,
    reason: str | None,
    party: Party | None = None,
    permission: Permission = Perm.BOOK,
    expected: Expected = ANY_VERSION,
) -> Appointment:
    """Cancel an appointment; again, it changes nothing. Staff give a reason, patients keep the notice window."""
    reached = doors.reach(actor, permission, appointment_id)
    by = _party(reached, party)
    if reason is None and reached.is_staff:
        raise refused("reason", why="Say why.")
    appointment = doors.locked(appointment_id)
    if appointment.status == Status.CANCELLED:
        return appointment
    appointment.require(expected)
    if appointment.status not in CANCELLABLE:
        raise invalid_transition(appointment.status, "become cancelled")
    if not reached.is_staff:
        require_notice(appointment)
    _cancel([appointment], actor=actor, reason=reason, party=by)
    return appointment


def cancel_many(*, actor: Actor | None, appointment_ids: Iterable[uuid.UUID], reason: str, party: Party) -> None:
    """Cancel those of these appointments that can be, whatever the notice: the doctor is away, the patient is gone."""
    stmt = select(Appointment).where(Appointment.id.in_(list(appointment_ids))).order_by(Appointment.id)
    found = db.session.scalars(stmt.with_for_update(), execution_options={"populate_existing": True}).all()
    _cancel([one for one in found if one.status in CANCELLABLE], actor=actor, reason=reason, party=party)


def require_notice(appointment: Appointment) -> None:
    """Raise `NoticeWindow` where it is too late for patients to cancel or move."""
    if clock.now() > appointment.starts_at - timedelta(hours=state.settings().cancel_notice_hours):
        raise notice_window()


def _party(reached: doors.Reached, party: Party | None) -> Party:
    if reached.is_staff:
        return party or (Party.PROVIDER if reached.is_provider else Party.CLINIC)
    if party not in (None, Party.PATIENT):
        raise refused("cancelled_by_party", why="You cancel as the patient.")
    return Party.PATIENT


def _cancel(appointments: Sequence[Appointment], *, actor: Actor | None, reason: str | None, party: Party) -> None:
    if not appointments:
        return
    now, was = clock.now(), {one.id: one.status for one in appointments}
    for one in appointments:
        one.status, one.cancelled_at, one.cancelled_party, one.cancel_reason = Status.CANCELLED, now, party, reason
        one.cancelled_by = actor.user_id if actor else None
    db.session.flush()
    seats.give_back(db.session.connection(), *was)
    events.note_all(appointments, actor_id=actor.user_id if actor else None, from_status=dict(was), reason=reason)
    own_time.reclaim({one.patient_id for one in appointments})
    relations.end(*was)
    for one in appointments:
        signals.cancelled.send(appointment=one, actor=actor)
    for one in appointments:
        if one.ends_at > now:
            signals.freed.send(
                doctor_id=one.doctor_id, starts_at=one.starts_at, ends_at=one.ends_at, patient_id=one.patient_id
            )
