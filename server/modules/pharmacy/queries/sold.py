"""Who bought of a lot over the counter: what a recall asks of this room."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import Connection, func, select

from server.core.refs import patient_ref
from server.modules.inventory.enums import Activity
from server.modules.inventory.models import StockMovement
from server.modules.inventory.recalls import Given
from server.modules.patients.models import Patient
from server.modules.pharmacy.models import Sale

_SOURCE = "sale"


def sold_of_lots(connection: Connection, lot_ids: Collection[uuid.UUID]) -> Iterator[Given]:
    """Return what was sold of some lots and did not come back, with the patient where one was named."""
    out = -func.sum(StockMovement.quantity_changed_by)
    patient = (Patient.id, Patient.first_name, Patient.last_name, Patient.mrn)
    stmt: Any = (
        select(Sale.id, StockMovement.lot_id, out, Sale.sold_at, *patient)
        .join(Sale, Sale.id == StockMovement.document_id)
        .outerjoin(Patient, Patient.id == Sale.patient_id)
        .where(
            StockMovement.lot_id.in_(lot_ids),
            StockMovement.document_type == _SOURCE,
            StockMovement.activity_type.in_((Activity.SALE, Activity.RETURN)),
        )
        .group_by(Sale.id, StockMovement.lot_id, Sale.sold_at, *patient)
        .having(out > 0)
    )
    for row in connection.execute(stmt):
        sale_id, lot_id, quantity, sold_at, *buyer = tuple(row)
        ref = patient_ref(*buyer) if buyer[0] else None
        yield Given(_SOURCE, sale_id, lot_id, int(quantity), sold_at, ref)
