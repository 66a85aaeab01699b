"""Write the history of visits, and lock what a step concerns: the appointment before the visit."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import select

from server.core import trail as trails
from server.core.access import Actor
from server.core.db import db
from server.core.errors import NotFound
from server.modules.appointments.models import Appointment
from server.modules.appointments.service import attended
from server.modules.visits.models import Visit, VisitEvent


@dataclass(frozen=True, slots=True)
class Locked:
    """A visit, and the appointment that it came of; nobody else changes them until the unit of work ends."""

    visit: Visit
    appointment: Appointment | None


def locked(visit_id: uuid.UUID) -> Locked:
    """Return a visit with its appointment, or raise `NotFound`."""
    found = db.session.execute(select(Visit.appointment_id).where(Visit.id == visit_id)).first()
    if found is None:
        raise NotFound
    # In this order, as when an appointment goes on by itself and the visit is asked for.
    appointment = attended.locked(found.appointment_id) if found.appointment_id else None
    visit = locked_alone(visit_id)
    return Locked(visit, appointment)


def locked_alone(visit_id: uuid.UUID) -> Visit:
    """Return a visit for a change that its appointment has no part in."""
    visit = db.session.get(Visit, visit_id, with_for_update=True, populate_existing=True)
    if visit is None:
        raise NotFound
    trails.current().about(visit.id, patient_id=visit.patient_id)
    return visit


def note(visit: Visit, *, actor: Actor | None, was: str | None, reason: str | None = None) -> None:
    """Add one step to the history of a visit, which is already as it is now."""
    step = VisitEvent(
        visit_id=visit.id,
        actor_id=actor.user_id if actor else None,
        from_status=was,
        to_status=visit.status,
        reason=reason,
    )
    db.session.add(step)
    db.session.flush()
