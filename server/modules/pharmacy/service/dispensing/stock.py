"""Of which lots something is handed out, and which were passed over."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, select

from server.core import clock
from server.core.db import db
from server.modules.inventory.enums import LotStatus
from server.modules.inventory.service import reserving, taking
from server.modules.inventory.service.ledger import Cause
from server.modules.inventory.service.shelves import LotOnShelf, Shelf, is_expired, locked
from server.modules.medications.models import Medication
from server.modules.pharmacy.service.dispensing.lines import Line

# As what a dispense is known to the ledger of stock and to reservations.
SOURCE = "dispense"

Taken = Sequence[tuple[uuid.UUID, int]]
Skipped = list[dict[str, Any]]
Shelves = Mapping[uuid.UUID, Shelf]


@dataclass(frozen=True, slots=True)
class Portion:
    """So much of a line as there is; `product` is its medication."""

    line: Line
    product: Row[Any]
    quantity: int

    @property
    def wanted(self) -> taking.Wanted:
        """What is asked of stock."""
        return taking.Wanted(self.product.item_id, self.quantity, self.line.lots, self.line.path.removesuffix("."))


def products_of(lines: Iterable[Line]) -> dict[uuid.UUID, Row[Any]]:
    """Return the medications of lines, which nobody changes until the unit of work ends; many may be filled at once."""
    table = Medication.__table__
    columns = (table.c[name] for name in ("id", "item_id", "drug_key", "name", "price_per_unit", "tax_rate"))
    ids = {line.filled.item.medication_id for line in lines}
    stmt = select(*columns).where(table.c.id.in_(ids)).order_by(table.c.id)
    return {row.id: row for row in db.session.execute(stmt.with_for_update(read=True, key_share=True))}


def portions(
    lines: Sequence[Line], shelves: Shelves, products: Mapping[uuid.UUID, Any], *, partly: bool
) -> list[Portion]:
    """Return how much of each line is handed out: all of it, or `partly` what there is.

    They are in the order of their drugs, which is that in which the register of controlled drugs is written. Raise
    `InsufficientStock` where there is nothing, or not enough.
    """
    today = clock.today()
    left = {item_id: shelf.available(today) for item_id, shelf in shelves.items()}
    found, shortages = [], []
    for line in lines:
        product = products[line.filled.item.medication_id]
        available = left[product.item_id]
        quantity = min(line.quantity, available) if partly and not line.lots else line.quantity
        if quantity == 0 or (quantity > available and not line.lots):
            shortages.append({"item_id": product.item_id, "available": available, "requested": line.quantity})
            continue
        left[product.item_id] = available - quantity
        found.append(Portion(line, product, quantity))
    if shortages and not (partly and found):
        raise taking.InsufficientStock(**shortages[0], shortages=shortages)
    return sorted(found, key=lambda one: (one.product.drug_key, str(one.product.id)))


def take(portion: Portion, *, cause: Cause) -> Taken:
    """Take a portion off the shelf; return how much of which lots."""
    return [(one.lot_id, -one.change) for one in taking.take([portion.wanted], cause=cause)]


def reserve(portion: Portion, *, dispense_id: uuid.UUID, actor: Any) -> Taken:
    """Keep a portion for a dispense; return how much of which lots."""
    kept = reserving.reserve([portion.wanted], document_type=SOURCE, document_id=dispense_id, actor=actor)
    return [(one.lot_id, one.quantity) for one in kept]


def take_prepared(item_id: uuid.UUID, lots: Taken, *, cause: Cause) -> Taken:
    """Take what is laid ready; where one of its lots is not fit any more, of others as if it had not been."""
    shelf = locked([item_id])[item_id]
    today = clock.today()
    on_shelf = [shelf.lot(lot_id) for lot_id, _ in lots]
    if cause.document_id is None or all(lot is not None and lot.is_usable(today) for lot in on_shelf):
        return [(one.lot_id, -one.change) for one in reserving.take_reserved(cause=cause)]
    kept = reserving.release(document_type=SOURCE, document_id=cause.document_id)
    wanted = taking.Wanted(item_id, sum(one.quantity for one in kept))
    return [(one.lot_id, -one.change) for one in taking.take([wanted], cause=cause)]


def passed_over(shelf: Shelf, used: Collection[uuid.UUID]) -> Skipped:
    """Return the lots that would have come before the last one that was used, each with why it was not."""
    order = [lot.id for lot in shelf.lots]
    last = max((order.index(lot_id) for lot_id in used), default=-1)
    today = clock.today()
    return [
        {"lot_id": lot.id, "lot_number": lot.lot_number, "reason": _why(lot, today)}
        for lot in shelf.lots[:last]
        if lot.id not in used and lot.on_hand > 0
    ]


def _why(lot: LotOnShelf, today: date) -> str:
    if lot.status != LotStatus.AVAILABLE:
        return lot.status
    if is_expired(lot.expires_on, today):
        return "expired"
    return "reserved" if lot.free <= 0 else "not_named"
