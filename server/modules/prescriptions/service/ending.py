"""End prescriptions: cancelled before anything was handed out, stopped after, expired, or an error from the start."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from server.core import clock
from server.core.access import Actor
from server.core.columns import Expected
from server.core.db import db
from server.core.errors import Forbidden, InvalidTransition
from server.modules.patients.enums import StopReason
from server.modules.patients.models import Patient
from server.modules.patients.service import chart
from server.modules.prescriptions import signals
from server.modules.prescriptions.enums import PrescriptionStatus
from server.modules.prescriptions.models import Prescription
from server.modules.prescriptions.queries.standing import is_open as is_open_row, is_past as is_past_row
from server.modules.prescriptions.service import prescriber
from server.modules.prescriptions.service.reaching import held, is_past, standing, was_dispensed
from server.modules.prescriptions.service.refusals import AlreadyDispensed

_DRAFT, _ACTIVE, _FILLED = PrescriptionStatus.DRAFT, PrescriptionStatus.ACTIVE, PrescriptionStatus.FILLED
_PARTLY = PrescriptionStatus.PARTIALLY_FILLED
_CANCELLED, _STOPPED = PrescriptionStatus.CANCELLED, PrescriptionStatus.STOPPED
_A_BATCH = 200


def cancel(
    *, actor: Actor, patient_id: uuid.UUID, prescription_id: uuid.UUID, reason: str | None = None
) -> Prescription:
    """Cancel a prescription on which nothing was handed out; afterwards it is stopped."""
    prescription = held(prescription_id, patient_id=patient_id)
    if prescription.status != _DRAFT and not prescriber.may_finish(actor, prescription.source):
        raise Forbidden("You may cancel drafts; the rest is a pharmacist's.")
    if was_dispensed(prescription.id):
        raise AlreadyDispensed
    _require(prescription, (_DRAFT, _ACTIVE, _PARTLY), "cancelled")
    end(prescription, _CANCELLED, actor=actor, reason=reason)
    db.session.flush()
    return prescription


def stop(*, actor: Actor, patient_id: uuid.UUID, prescription_id: uuid.UUID, reason: str | None = None) -> Prescription:
    """Stop a prescription: the patient is not to take it any more, and nothing more is handed out."""
    prescription = held(prescription_id, patient_id=patient_id)
    prescriber.require_finishing(actor, prescription.source)
    _require(prescription, (_ACTIVE, _PARTLY, _FILLED), "stopped")
    end(prescription, _STOPPED, actor=actor, reason=reason)
    db.session.flush()
    return prescription


def mark_as_error(
    *, actor: Actor, patient_id: uuid.UUID, prescription_id: uuid.UUID, expected: Expected, reason: str
) -> None:
    """Mark a prescription as entered in error, unless something was handed out on it. Again, no change."""
    prescription = db.session.get(Prescription, prescription_id, with_for_update=True)
    was_error = prescription is not None and prescription.is_voided
    chart.mark_as_error(
        actor=actor,
        model=Prescription,
        patient_id=patient_id,
        entry_id=prescription_id,
        expected=expected,
        reason=reason,
    )
    if prescription is None or was_error:
        return
    if was_dispensed(prescription_id):
        raise AlreadyDispensed
    signals.ended.send(prescription=prescription)


def end(prescription: Prescription, status: str, *, actor: Actor | None, reason: str | None) -> None:
    """End a prescription, held, and tell the rooms above."""
    prescription.status = status
    prescription.ended_at, prescription.end_reason = clock.now(), reason
    prescription.ended_by = actor.user_id if actor else None
    signals.ended.send(prescription=prescription)


def _require(prescription: Prescription, statuses: tuple[str, ...], what: str) -> None:
    is_expired = prescription.status in (_ACTIVE, _PARTLY) and is_past(prescription)
    if prescription.status not in statuses or is_expired:
        raise InvalidTransition(f"A prescription that is {standing(prescription)} cannot be {what}.")


def on_patient_stopped(
    _sender: object, *, patient: Patient, actor: Actor | None, reason: StopReason, **_more: object
) -> None:
    """End what is open for a patient who has died or was deactivated: cancelled, or stopped once some was handed out.

    Whoever stops them holds their row, for which a new prescription waits: none slips in. A merge moves them.
    """
    if reason == StopReason.MERGED:
        return
    stmt = select(Prescription).where(
        Prescription.patient_id == patient.id, Prescription.status.in_((_DRAFT, _ACTIVE, _PARTLY))
    )
    for prescription in db.session.scalars(stmt.order_by(Prescription.id).with_for_update()).all():
        status = _STOPPED if was_dispensed(prescription.id) else _CANCELLED
        end(prescription, status, actor=actor, reason=f"patient_{reason}")
    db.session.flush()


def expire_batch() -> int:
    """Mark some of the prescriptions as expired whose last day is over; return how many."""
    stmt = (
        select(Prescription)
        .where(is_open_row(), is_past_row(clock.today()))
        .order_by(Prescription.id)
        .limit(_A_BATCH)
        .with_for_update(skip_locked=True)
    )
    past = db.session.scalars(stmt).all()
    for prescription in past:
        end(prescription, PrescriptionStatus.EXPIRED, actor=None, reason=None)
    db.session.flush()
    return len(past)
