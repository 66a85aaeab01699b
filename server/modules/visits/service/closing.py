"""Close a visit: completed, called off while nothing is in it, or entered in error; and open it again."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from server.core import clock
from server.core.access import Actor
from server.core.columns import Expected
from server.core.db import db
from server.core.errors import Conflict, NotFound
from server.modules.appointments.enums import Status
from server.modules.appointments.models import Appointment
from server.modules.appointments.service import attended
from server.modules.doctors.models import Doctor
from server.modules.patients.enums import StopReason
from server.modules.patients.models import Patient
from server.modules.patients.service import chart
from server.modules.visits.enums import VisitStatus
from server.modules.visits.models import Visit
from server.modules.visits.queries.content import has_content, has_entries
from server.modules.visits.service import relations, steps
from server.modules.visits.service.gate import VisitClosed


class VisitHasContent(Conflict):
    """Something is recorded at this visit; complete it, or mark what is wrong as entered in error."""

    code = "visit_has_content"


class VisitNotCompleted(Conflict):
    """Only a completed visit is opened again."""

    code = "visit_not_completed"


class VisitOpen(Conflict):
    """The visit of this appointment is open; completing that completes the appointment."""

    code = "visit_open"


def complete(*, actor: Actor, visit_id: uuid.UUID) -> Visit:
    """Complete a visit and its appointment, whatever the clock says: the patient has been seen."""
    at = steps.locked(visit_id)
    _close(at.visit, VisitStatus.COMPLETED, actor=actor)
    if at.appointment is not None:
        attended.complete(at.appointment, actor=actor)
    return at.visit


def reopen(*, actor: Actor, visit_id: uuid.UUID, reason: str) -> Visit:
    """Open one's own completed visit again; its appointment stays completed."""
    visit = steps.locked_alone(visit_id)
    if not _is_of(visit, actor):
        raise NotFound
    if visit.status != VisitStatus.COMPLETED:
        raise VisitNotCompleted
    visit.status, visit.ended_at = VisitStatus.OPEN, None
    db.session.flush()
    steps.note(visit, actor=actor, was=VisitStatus.COMPLETED, reason=reason)
    relations.begin_again(visit)
    return visit


def cancel(*, actor: Actor | None, visit_id: uuid.UUID, reason: str) -> Visit:
    """Call off a visit while nothing is recorded at it; its appointment stands again as before."""
    at = steps.locked(visit_id)
    if at.visit.status != VisitStatus.OPEN:
        raise VisitClosed
    if has_content(db.session.connection(), visit_id):
        raise VisitHasContent
    _close(at.visit, VisitStatus.CANCELLED, actor=actor, reason=reason)
    if at.appointment is not None:
        attended.put_back(at.appointment, actor=actor, reason=reason)
    return at.visit


def mark_as_error(*, actor: Actor, visit_id: uuid.UUID, expected: Expected, reason: str) -> None:
    """Mark a visit as entered in error, as its doctor, or until it is completed as who opened it. Again, no change.

    Raise `VisitHasContent` while entries stand that were made at it: each is its author's to mark, who would no longer
    reach the chart, and its charge would stay. The appointment stands again as before.
    """
    at = steps.locked(visit_id)
    visit, was = at.visit, at.visit.status
    chart.mark_as_error(
        actor=actor,
        model=Visit,
        patient_id=visit.patient_id,
        entry_id=visit_id,
        expected=expected,
        reason=reason,
        owner_id=_owner_id(visit, actor),
    )
    if visit.status == was:
        return
    if has_entries(db.session.connection(), visit_id):
        raise VisitHasContent
    steps.note(visit, actor=actor, was=was, reason=reason)
    relations.end(visit)
    if at.appointment is not None and at.appointment.visit_id == visit_id:
        attended.put_back(at.appointment, actor=actor, reason=reason)


def _close(visit: Visit, to: VisitStatus, *, actor: Actor | None, reason: str | None = None) -> None:
    if visit.status != VisitStatus.OPEN:
        raise VisitClosed
    visit.status, visit.ended_at = to, clock.now()
    db.session.flush()
    steps.note(visit, actor=actor, was=VisitStatus.OPEN, reason=reason)
    relations.end(visit)


def _owner_id(visit: Visit, actor: Actor) -> uuid.UUID | None:
    """Return whose error a visit may be: its doctor's, and until it is completed also theirs who opened it."""
    account = _account_of_doctor(visit)
    if visit.status == VisitStatus.COMPLETED:
        # A doctor without an account marks nothing, and then nobody else does for them.
        return account or visit.doctor_id
    return account if account == actor.user_id else visit.recorded_by


def _is_of(visit: Visit, actor: Actor) -> bool:
    return _account_of_doctor(visit) == actor.user_id


def _account_of_doctor(visit: Visit) -> uuid.UUID | None:
    account: uuid.UUID | None = db.session.scalar(select(Doctor.user_id).where(Doctor.id == visit.doctor_id))
    return account


def on_patient_stopped(_sender: object, *, patient: Patient, actor: Actor | None, reason: StopReason) -> None:
    """Call off what is open of a patient who has died or was deactivated, where nothing is recorded at it.

    A visit with something in it is completed by its doctor, who may have been with the patient. A merge moves visits.
    """
    if reason == StopReason.MERGED:
        return
    opened = select(Visit.id).where(Visit.patient_id == patient.id, Visit.status == VisitStatus.OPEN)
    for visit_id in db.session.scalars(opened.order_by(Visit.id)).all():
        if has_content(db.session.connection(), visit_id):
            continue
        visit = cancel(actor=actor, visit_id=visit_id, reason=f"patient_{reason}")
        if visit.appointment_id is not None:
            appointment = attended.locked(visit.appointment_id)
            attended.cancel(appointment, actor=actor, reason=f"patient_{reason}")


def keep_completed_together(_sender: object, *, appointment: Appointment, **_step: object) -> None:
    """Raise `VisitOpen` where an appointment is completed by itself beside a visit that nobody has completed."""
    if appointment.status != Status.COMPLETED or appointment.visit_id is None:
        return
    status = db.session.scalar(select(Visit.status).where(Visit.id == appointment.visit_id))
    if status == VisitStatus.OPEN:
        raise VisitOpen
