"""The items of a prescription: read from what was sent, held against the catalogue, and written."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert, select

from server.core.db import db
from server.core.errors import refused
from server.core.ids import new_id
from server.modules.medications.models import Medication
from server.modules.prescriptions.models import PrescriptionItem
from server.modules.prescriptions.service.checks import Asked
from server.modules.prescriptions.service.terms import Ordered

Fields = Mapping[str, Any]
Rows = Sequence[dict[str, Any]]

_table = PrescriptionItem.__table__
_DEFAULTS: Fields = {
    "dose_value": None,
    "dose_unit": None,
    "route": None,
    "times_per_day": None,
    "interval_hours": None,
    "as_needed": False,
    "duration_days": None,
    "quantity": None,
    "refills_allowed": 0,
    "instructions": None,
    "substitution_allowed": True,
}
_ASKED = ("dose_value", "dose_unit", "times_per_day", "interval_hours", "as_needed")


def rows_of(sent: Fields, before: Rows = ()) -> Rows:
    """Return the items that a body means, as rows: its list, or its one without a list, which may keep what it was.

    Without either those before stay.
    """
    if "items" in sent:
        return [{**_DEFAULTS, **_flat(one)} for one in sent["items"]]
    if "single" not in sent:
        return before
    single = _flat(sent["single"])
    if "medication_id" in single and ("quantity" in single or not before):
        return [{**_DEFAULTS, **single}]
    if len(before) != 1:
        raise refused(*sent["single"], why="There is more than one item; send all of them as `items`.")
    # Of another medication nothing but the quantity is what it was.
    kept = before[0] if "medication_id" not in single else {**_DEFAULTS, "quantity": before[0]["quantity"]}
    return [{**kept, **single}]


def _flat(item: Fields) -> dict[str, Any]:
    """Return an item with its dose and frequency as columns; `null` for what has a default is that."""
    flat = dict(item)
    if "dose" in flat:
        dose = flat.pop("dose") or {}
        flat |= {"dose_value": dose.get("value"), "dose_unit": dose.get("unit")}
    if "frequency" in flat:
        frequency = flat.pop("frequency") or {}
        flat |= {
            name: frequency.get(name, _DEFAULTS[name]) for name in ("times_per_day", "interval_hours", "as_needed")
        }
    return flat


def paths_of(sent: Fields, count: int) -> list[str]:
    """Return what stands before the name of a field of each item in the body."""
    return [f"items.{number}." for number in range(count)] if "single" not in sent else [""]


def ordered_of(rows: Rows, paths: Sequence[str]) -> list[Ordered]:
    """Return what the terms depend on; raise a 422 that names a medication which the catalogue has not, or no more."""
    medications = Medication.__table__
    stmt = select(medications.c.id, medications.c.controlled_schedule, medications.c.is_active)
    wanted = {row["medication_id"] for row in rows}
    known = {found.id: found for found in db.session.execute(stmt.where(medications.c.id.in_(wanted)))}
    ordered = []
    for row, path in zip(rows, paths, strict=True):
        medication = known.get(row["medication_id"])
        if medication is None or not medication.is_active:
            raise refused(f"{path}medication_id", why="There is no such medication in the catalogue.")
        ordered.append(Ordered(path, medication.controlled_schedule, row["refills_allowed"]))
    return ordered


def asked_of(rows: Iterable[Fields]) -> list[Asked]:
    """Return what the checks are asked about."""
    return [
        Asked(index=number, medication_id=row["medication_id"], **{name: row[name] for name in _ASKED})
        for number, row in enumerate(rows)
    ]


def rows_in(prescription_id: uuid.UUID) -> Rows:
    """Return the items of a prescription as they are written."""
    names = ("medication_id", *_DEFAULTS)
    stmt = select(*(_table.c[name] for name in names)).where(_table.c.prescription_id == prescription_id)
    return [dict(row) for row in db.session.execute(stmt.order_by(_table.c.position)).mappings()]


def write(prescription_id: uuid.UUID, rows: Rows) -> None:
    """Have a prescription consist of these items; none of those before was handed out."""
    db.session.execute(delete(_table).where(_table.c.prescription_id == prescription_id))
    values = [
        {"id": new_id(), "prescription_id": prescription_id, "position": number, "dispensed": 0, **row}
        for number, row in enumerate(rows)
    ]
    db.session.execute(insert(_table), values)
