"""Rules of counts: against a list that was written at one moment; what has moved since is counted anew."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import and_, exists, insert, select

from server.core import clock
from server.core.access import Actor
from server.core.columns import ANY_VERSION, Expected
from server.core.counters import next_number
from server.core.db import db
from server.core.errors import InvalidTransition, NotFound, refused
from server.core.ids import new_id
from server.modules.inventory.enums import StocktakeStatus
from server.modules.inventory.models import Item, ItemCategory, Lot, Stocktake, StocktakeLine
from server.modules.inventory.policies import Perm, kinds, require_kind
from server.modules.inventory.service.ledger import StockMoved

OPEN, CLOSED, CANCELLED = StocktakeStatus.OPEN, StocktakeStatus.CLOSED, StocktakeStatus.CANCELLED


def begin(
    *,
    actor: Actor,
    item_ids: Collection[uuid.UUID] | None,
    category_id: uuid.UUID | None,
    most: int,
    **fields: Any,
) -> Stocktake:
    """Write the list of what is to be counted: every lot of which there is something, as it stands now."""
    if item_ids is not None:
        _require_countable(actor, item_ids)
        field, is_counted = "item_ids", and_(Item.id.in_(set(item_ids)))
    else:
        if db.session.get(ItemCategory, category_id) is None:
            raise refused("category_id", why="There is no such category.")
        field, is_counted = "category_id", and_(Item.category_id == category_id)
    stocktake = Stocktake(number=_draw_number(), status=OPEN, opened_by=actor.user_id, **fields)
    db.session.add(stocktake)
    db.session.flush()
    lots = (
        select(Lot.id.label("lot_id"), Lot.item_id, Lot.on_hand.label("expected"), Item.movement_count)
        .join(Item, Item.id == Lot.item_id)
        .where(is_counted, Lot.on_hand > 0, Item.kind.in_(sorted(kinds(actor, Perm.COUNT))))
        .order_by(Item.id, Lot.id)  # each line waits for its item to be let go, as items are locked
        .limit(most + 1)
    )
    rows = [{"id": new_id(), "stocktake_id": stocktake.id, **row} for row in db.session.execute(lots).mappings()]
    if not rows:
        raise refused(field, why="There is nothing of this to count; what was found is received.")
    if len(rows) > most:
        raise refused(field, why=f"A count has at most {most} lots; count in parts.")
    db.session.execute(insert(StocktakeLine.__table__), rows)
    return stocktake


def note_counts(
    *, actor: Actor, stocktake_id: uuid.UUID, counts: Sequence[Mapping[str, Any]], path: str = "lines"
) -> Stocktake:
    """Note what was counted; a lot that is counted again takes the new count.

    What the list says stands until a count says in `expected_quantity` what there is now: then that is what it was
    counted against.
    """
    stocktake = locked(stocktake_id)
    if stocktake.status != OPEN:
        raise InvalidTransition(stocktake_status=stocktake.status)
    lot_ids = {one["lot_id"] for one in counts}
    stmt = select(StocktakeLine).where(StocktakeLine.stocktake_id == stocktake_id, StocktakeLine.lot_id.in_(lot_ids))
    lines = {line.lot_id: line for line in db.session.scalars(stmt.execution_options(populate_existing=True))}
    standing = _standing(lot_ids)
    for number, one in enumerate(counts):
        where = f"{path}.{number}." if path else ""
        line = lines.get(one["lot_id"])
        if line is None:
            line = lines[one["lot_id"]] = _found_besides(stocktake_id, standing.get(one["lot_id"]), f"{where}lot_id")
        if one.get("expected_quantity") is not None:
            now = standing[line.lot_id]
            if now.on_hand != one["expected_quantity"]:
                raise StockMoved(lot_id=line.lot_id, quantity=now.on_hand)
            line.expected, line.movement_count = now.on_hand, now.movement_count
        line.counted, line.counted_by, line.counted_at = one["counted"], actor.user_id, clock.now()
    stocktake.touch()
    db.session.flush()
    return stocktake


def cancel(*, stocktake_id: uuid.UUID, expected: Expected = ANY_VERSION) -> Stocktake:
    """Give a count up; nothing of it is written."""
    stocktake = locked(stocktake_id)
    stocktake.require(expected)
    if stocktake.status != OPEN:
        raise InvalidTransition(stocktake_status=stocktake.status)
    stocktake.status = CANCELLED
    db.session.flush()
    return stocktake


def locked(stocktake_id: uuid.UUID) -> Stocktake:
    """Return a count, held until the unit of work ends."""
    stocktake = db.session.get(Stocktake, stocktake_id, with_for_update=True, populate_existing=True)
    if stocktake is None:
        raise NotFound
    return stocktake


def _draw_number() -> str:
    return f"ST-{next_number(db.session.connection(), 'stocktakes.number'):06}"


def _require_countable(actor: Actor, item_ids: Iterable[uuid.UUID]) -> None:
    named = select(Item.id, Item.kind).where(Item.id.in_(set(item_ids)))
    found = {row.id: row.kind for row in db.session.execute(named)}
    for number, item_id in enumerate(item_ids):
        if item_id not in found:
            raise refused(f"item_ids.{number}", why="There is no such item.")
        require_kind(actor, Perm.COUNT, found[item_id])


def _standing(lot_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Any]:
    """Return how lots stand now, each beside its item."""
    stmt = select(Lot.id, Lot.item_id, Lot.on_hand, Item.movement_count).join(Item, Item.id == Lot.item_id)
    return {row.id: row for row in db.session.execute(stmt.where(Lot.id.in_(lot_ids)))}


def _found_besides(stocktake_id: uuid.UUID, lot: Any, field: str) -> StocktakeLine:
    """Return a line for a lot that was used up by the list, and of an item that is counted."""
    of_its_item = StocktakeLine.stocktake_id == stocktake_id, StocktakeLine.item_id == (lot.item_id if lot else None)
    if lot is None or lot.on_hand or not db.session.scalar(select(exists().where(*of_its_item))):
        raise refused(field, why="This is no lot of what is counted here.")
    facts = {"item_id": lot.item_id, "lot_id": lot.id, "expected": 0, "movement_count": lot.movement_count}
    line = StocktakeLine(stocktake_id=stocktake_id, **facts)
    db.session.add(line)
    return line
