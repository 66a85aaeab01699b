"""What prescriptions prescribe."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, select

from server.modules.medications.models import Medication
from server.modules.prescriptions.models import PrescriptionItem

_table = PrescriptionItem.__table__
_COLUMNS = tuple(_table.c)


def items_of(connection: Connection, prescription_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[dict[str, Any]]]:
    """Return the items of prescriptions as they are shown, in their order, in one statement."""
    stmt = (
        select(*_COLUMNS, Medication.name.label("name"), Medication.controlled_schedule.label("schedule"))
        .join(Medication, Medication.id == _table.c.medication_id)
        .where(_table.c.prescription_id.in_(list(prescription_ids)))
        .order_by(_table.c.prescription_id, _table.c.position)
    )
    found: dict[uuid.UUID, list[dict[str, Any]]] = {}
    for row in connection.execute(stmt):
        found.setdefault(row.prescription_id, []).append(_shown(row))
    return found


def _shown(row: Any) -> dict[str, Any]:
    says_when = row.times_per_day or row.interval_hours or row.as_needed
    frequency = {name: getattr(row, name) for name in ("times_per_day", "interval_hours", "as_needed")}
    return {
        "id": row.id,
        "medication_id": row.medication_id,
        "medication": {"id": row.medication_id, "name": row.name, "controlled_schedule": row.schedule},
        "dose": {"value": _number(row.dose_value), "unit": row.dose_unit} if row.dose_value else None,
        "route": row.route,
        "frequency": frequency if says_when else None,
        "duration_days": row.duration_days,
        "quantity": row.quantity,
        "refills_allowed": row.refills_allowed,
        "instructions": row.instructions,
        "substitution_allowed": row.substitution_allowed,
        "dispensed": row.dispensed,
        "remaining": None if row.quantity is None else row.quantity * (1 + row.refills_allowed) - row.dispensed,
        "refills_left": refills_left(row.quantity, row.refills_allowed, row.dispensed),
    }


def refills_left(quantity: int | None, refills_allowed: int, dispensed: int) -> int | None:
    """Return how many refills have not been begun; the first fill is none."""
    if quantity is None:
        return None
    fills = -(-dispensed // quantity)
    return refills_allowed - max(0, fills - 1)


def _number(text: str) -> int | float:
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() else float(number)
