"""Rules of charges: what is done is charged once, in the unit of work in which it is done."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import literal_column, select

from server.core import trail as trails
from server.core.access import Actor
from server.core.db import db
from server.modules.billing.enums import ChargeStatus
from server.modules.billing.models import Charge


def raise_charge(
    *,
    actor: Actor | None,
    source_type: str,
    source_id: uuid.UUID,
    patient_id: uuid.UUID,
    visit_id: uuid.UUID | None,
    description: str,
    amount: int,
    tax_rate: int,
    service_on: date,
    service_id: uuid.UUID | None = None,
) -> Charge | None:
    """Charge what was done for a patient, in minor units and hundredths of a percent; what is free raises no charge.

    A source that is charged already is refused by the database, as 409 `already_charged`.
    """
    if amount == 0:
        return None
    charge = Charge(
        source_type=source_type,
        source_id=source_id,
        visit_id=visit_id,
        patient_id=patient_id,
        service_id=service_id,
        description=description,
        amount=amount,
        tax_rate=tax_rate,
        service_on=service_on,
        raised_by=actor.user_id if actor else None,
    )
    db.session.add(charge)
    db.session.flush()
    return charge


def void_charge(*, source_type: str, source_id: uuid.UUID) -> Charge | None:
    """Take back the open charge of a source, which frees it; return its charge, if there is one that was not void.

    One that is on an invoice, or settled, stays as it is: that takes a credit note, or voiding the invoice.
    """
    # Written out, so that SQLite sees that the index on charges that stand will do.
    is_not_void = Charge.status != literal_column(f"'{ChargeStatus.VOID}'")
    of_source = select(Charge).where(Charge.source_type == source_type, Charge.source_id == source_id, is_not_void)
    charge: Charge | None = db.session.scalar(of_source.with_for_update())
    if charge is not None and charge.status == ChargeStatus.OPEN:
        charge.status = ChargeStatus.VOID
        db.session.flush()
        trails.current().changed.add("charge")
    return charge


def take_back(*, source_type: str, source_id: uuid.UUID) -> None:
    """Void the open charge of a source that was an error; the audit row says where one that is on an invoice stays."""
    charge = void_charge(source_type=source_type, source_id=source_id)
    if charge is not None and charge.status != ChargeStatus.VOID:
        trails.current().note = "charge_stays"
