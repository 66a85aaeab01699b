"""Bring back what was handed out, or let go of what is laid ready: once, and the prescription allows it again."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from server.core import clock, trail as trails
from server.core.access import Actor
from server.core.db import db
from server.core.errors import NotFound
from server.modules.inventory.enums import Activity
from server.modules.inventory.service import reserving, returning
from server.modules.inventory.service.ledger import Cause
from server.modules.pharmacy.models import SaleLine
from server.modules.pharmacy.service.carts import DispenseNotFilled
from server.modules.pharmacy.service.dispensing.filling import count
from server.modules.pharmacy.service.dispensing.refusals import AlreadyReversed, DispenseSettled, NotPrepared
from server.modules.pharmacy.service.dispensing.stock import SOURCE
from server.modules.prescriptions.enums import DispenseStatus
from server.modules.prescriptions.models import Dispense, Prescription
from server.modules.prescriptions.service.progress import after_dispense
from server.modules.prescriptions.service.reaching import held


def reverse(
    *,
    actor: Actor,
    patient_id: uuid.UUID,
    dispense_id: uuid.UUID,
    reason: str,
    never_left_premises: bool = False,
    witness_id: uuid.UUID | None = None,
) -> Dispense:
    """Bring a dispense back: into its lots where it never left the house, else into quarantine.

    It may be handed out again on its prescription. What is paid for is refunded first.
    """
    dispense, prescription = _held(dispense_id, patient_id)
    if dispense.status == DispenseStatus.REVERSED:
        raise AlreadyReversed
    if dispense.status != DispenseStatus.FILLED:
        raise DispenseNotFilled(dispense_id=dispense.id, dispense_status=dispense.status)
    if dispense.settled_id is not None and not _is_refunded(dispense.id):
        raise DispenseSettled(settled_type=dispense.settled_type, settled_id=dispense.settled_id)
    dispense.status, dispense.never_left_premises = DispenseStatus.REVERSED, never_left_premises
    dispense.reversed_at, dispense.reversed_by, dispense.reverse_reason = clock.now(), actor.user_id, reason
    db.session.flush()
    cause = Cause(
        activity=Activity.REVERSE,
        actor=actor,
        document_type=SOURCE,
        document_id=dispense.id,
        reason=reason,
        witness_id=witness_id,
    )
    count(dispense.item_id, -dispense.quantity)
    returning.bring_back(cause=cause, to_quarantine=not never_left_premises)
    after_dispense(prescription)
    return dispense


def cancel(*, patient_id: uuid.UUID, dispense_id: uuid.UUID) -> Dispense:
    """Let go of what is laid ready; it is free for others."""
    dispense, _ = _held(dispense_id, patient_id)
    if dispense.status != DispenseStatus.PREPARED:
        raise NotPrepared(dispense_id=dispense.id, dispense_status=dispense.status)
    _let_go(dispense)
    return dispense


def on_prescription_ended(_sender: object, *, prescription: Prescription) -> None:
    """Let go of all that is laid ready on a prescription on which nothing more is handed out."""
    is_waiting = (Dispense.prescription_id == prescription.id, Dispense.status == DispenseStatus.PREPARED)
    stmt = select(Dispense).where(*is_waiting).order_by(Dispense.id).with_for_update()
    for dispense in db.session.scalars(stmt).all():
        _let_go(dispense)


def _let_go(dispense: Dispense) -> None:
    dispense.status = DispenseStatus.CANCELLED
    db.session.flush()
    count(dispense.item_id, -dispense.quantity)
    reserving.release(document_type=SOURCE, document_id=dispense.id)


def _held(dispense_id: uuid.UUID, patient_id: uuid.UUID) -> tuple[Dispense, Prescription]:
    """Return a dispense and its prescription, for both of which others wait until the unit of work ends."""
    prescription_id = db.session.scalar(select(Dispense.prescription_id).where(Dispense.id == dispense_id))
    if prescription_id is None:
        raise NotFound
    prescription = held(prescription_id, patient_id=patient_id)
    dispense = db.session.get_one(Dispense, dispense_id, with_for_update=True, populate_existing=True)
    trails.current().about(dispense.id, patient_id=dispense.patient_id)
    return dispense, prescription


def _is_refunded(dispense_id: uuid.UUID) -> bool:
    sold = select(SaleLine.id).where(SaleLine.dispense_id == dispense_id)
    refunded = sold.where(SaleLine.refunded_quantity == SaleLine.quantity)
    return db.session.scalar(refunded) is not None
