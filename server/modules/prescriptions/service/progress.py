"""How far a prescription is filled; whoever dispenses asks for it to be written anew."""

from __future__ import annotations

from sqlalchemy import and_, func, select

from server.core.db import db
from server.modules.prescriptions.enums import DispenseStatus, PrescriptionStatus
from server.modules.prescriptions.models import Dispense, Prescription, PrescriptionItem

_BY_PROGRESS = (PrescriptionStatus.ACTIVE, PrescriptionStatus.PARTIALLY_FILLED, PrescriptionStatus.FILLED)


def after_dispense(prescription: Prescription) -> None:
    """Write where a prescription, held, stands after something was filled on it or brought back.

    It is filled once nothing is left of any item, refills included; what is only laid ready has not left yet. What was
    stopped or has expired stays so.
    """
    if prescription.status not in _BY_PROGRESS:
        return
    db.session.flush()
    filled = func.coalesce(func.sum(Dispense.quantity), 0)
    stmt = (
        select(PrescriptionItem.quantity, PrescriptionItem.refills_allowed, filled)
        .outerjoin(Dispense, and_(Dispense.item_id == PrescriptionItem.id, Dispense.status == DispenseStatus.FILLED))
        .where(PrescriptionItem.prescription_id == prescription.id)
        .group_by(PrescriptionItem.id, PrescriptionItem.quantity, PrescriptionItem.refills_allowed)
    )
    items = db.session.execute(stmt).all()
    if all(quantity is not None and given >= quantity * (1 + refills) for quantity, refills, given in items):
        prescription.status = PrescriptionStatus.FILLED
    elif any(given for *_, given in items):
        prescription.status = PrescriptionStatus.PARTIALLY_FILLED
    else:
        prescription.status = PrescriptionStatus.ACTIVE
    db.session.flush()
