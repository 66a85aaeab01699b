"""Bring back what a document took, where the units may have left the house: then they are not given to anybody else."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from server.core.db import db
from server.modules.inventory.enums import LotStatus
from server.modules.inventory.models import Lot, StockMovement
from server.modules.inventory.service.ledger import Cause, Moved, Step, write
from server.modules.inventory.service.receiving import lot_for, on_shelf
from server.modules.inventory.service.shelves import LotOnShelf, Shelf, locked


@dataclass(frozen=True, slots=True)
class _Out:
    """So many units of a lot that a document took and that have not come back, into that lot or beside it."""

    shelf: Shelf
    lot: LotOnShelf
    unit_cost: int
    quantity: int


def bring_back(*, cause: Cause, to_quarantine: bool) -> list[Moved]:
    """Bring back all that the cause's document took: into its lots, or into quarantined ones of the same facts.

    What came of a lot that is blocked goes back into that. Nothing comes back twice.
    """
    steps = []
    for out in _out_of(cause):
        lot = out.lot
        if to_quarantine and lot.status == LotStatus.AVAILABLE:
            lot = _quarantined(out, cause)
        steps.append(Step(out.shelf, lot, out.quantity))
    return write(steps, cause=cause)


def _out_of(cause: Cause) -> list[_Out]:
    """Return what is still out of a document, its items locked.

    Lots of one item, number, expiry and cost are counted together: what was quarantined came back beside its lot.
    """
    is_of_document = (
        StockMovement.document_type == cause.document_type,
        StockMovement.document_id == cause.document_id,
    )
    shelves = locked(db.session.scalars(select(StockMovement.item_id).where(*is_of_document)))
    facts = (Lot.item_id, Lot.lot_number, Lot.expires_on, Lot.unit_cost)
    stmt = (
        select(Lot.id, *facts, func.sum(StockMovement.quantity_changed_by).label("net"))
        .join(StockMovement, StockMovement.lot_id == Lot.id)
        .where(*is_of_document)
        .group_by(Lot.id, *facts)
        .order_by(Lot.item_id, Lot.id)
    )
    alike: dict[Any, list[Any]] = defaultdict(list)
    for row in db.session.execute(stmt):
        alike[tuple(row[1:5])].append(row)
    found = []
    for rows in alike.values():
        owed = -sum(int(row.net) for row in rows)
        for row in rows:
            part = min(owed, -int(row.net))
            lot = shelves[row.item_id].lot(row.id)
            if part > 0 and lot is not None:
                owed -= part
                found.append(_Out(shelves[row.item_id], lot, row.unit_cost, part))
    return found


def _quarantined(out: _Out, cause: Cause) -> LotOnShelf:
    lot = lot_for(
        out.shelf,
        out.lot.lot_number,
        out.lot.expires_on,
        out.unit_cost,
        status=LotStatus.QUARANTINED,
        why=cause.reason,
    )
    return on_shelf(out.shelf, lot)
