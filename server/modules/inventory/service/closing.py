"""Close a count: have the ledger say what was counted, unless something has moved since the list was written."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from server.core import clock
from server.core.access import Actor
from server.core.columns import ANY_VERSION, Expected
from server.core.db import db
from server.core.dump import row_dumper
from server.core.errors import Conflict, InvalidTransition
from server.modules.inventory.enums import Activity, Uncounted
from server.modules.inventory.models import StocktakeLine
from server.modules.inventory.queries import stocktakes as queries
from server.modules.inventory.schemas.stocktakes import StocktakeLineOut
from server.modules.inventory.service import levels
from server.modules.inventory.service.ledger import Cause, Moved, Step, StockMoved, write
from server.modules.inventory.service.receiving import require_room
from server.modules.inventory.service.shelves import Shelf, locked
from server.modules.inventory.service.stocktakes import CLOSED, OPEN, locked as locked_stocktake
from server.modules.inventory.service.taking import InsufficientStock

# As what a count is known to the ledger of stock.
SOURCE = "stocktake"

_dump = row_dumper(StocktakeLineOut, queries.LINE_COLUMNS)


class LinesUncounted(Conflict):
    """Some lots have not been counted; `lines` lists them."""

    code = "lines_uncounted"


def close(
    *,
    actor: Actor,
    stocktake_id: uuid.UUID,
    uncounted: str = Uncounted.IGNORE,
    expected: Expected = ANY_VERSION,
    witness_id: uuid.UUID | None = None,
) -> list[Moved]:
    """Write what is more or less than the list said; lots that nobody counted stay as they are.

    Raise `StockMoved` with the lines of which the item has moved since, and then nothing is written.
    """
    stocktake = locked_stocktake(stocktake_id)
    stocktake.require(expected)
    if stocktake.status != OPEN:
        raise InvalidTransition(stocktake_status=stocktake.status)
    stmt = select(StocktakeLine).where(StocktakeLine.stocktake_id == stocktake_id).order_by(StocktakeLine.id)
    lines = db.session.scalars(stmt.execution_options(populate_existing=True)).all()
    counted = [line for line in lines if line.counted is not None]
    if uncounted == Uncounted.REFUSE and len(counted) < len(lines):
        raise LinesUncounted(lines=_shown(stocktake_id, ~queries.IS_COUNTED))
    shelves = locked(line.item_id for line in counted)
    if any(shelves[line.item_id].movement_count != line.movement_count for line in counted):
        raise StockMoved(lines=_shown(stocktake_id, queries.IS_COUNTED, queries.HAS_MOVED))
    cause = Cause(
        activity=Activity.COUNT, actor=actor, document_type=SOURCE, document_id=stocktake_id, witness_id=witness_id
    )
    with levels.watched(shelves):
        moved = write(_steps(counted, shelves), cause=cause)
    stocktake.status = CLOSED
    stocktake.closed_by, stocktake.closed_at = actor.user_id, clock.now()
    db.session.flush()
    return moved


def _steps(counted: Iterable[StocktakeLine], shelves: Mapping[uuid.UUID, Shelf]) -> list[Step]:
    """Return what differs; what is kept for somebody cannot be missing, and nobody has more than can be counted."""
    steps, sums = [], Counter[uuid.UUID]()
    for line in counted:
        shelf = shelves[line.item_id]
        lot, change = shelf.lot(line.lot_id), (line.counted or 0) - line.expected
        if lot is None or not change:
            continue
        if lot.free + change < 0:
            raise InsufficientStock(item_id=shelf.item_id, lot_id=lot.id, available=lot.free, requested=-change)
        sums[shelf.item_id] += change
        steps.append(Step(shelf, lot, change))
    for item_id, change in sums.items():
        require_room(shelves[item_id], change, field="lines")
    return steps


def _shown(stocktake_id: uuid.UUID, *only: Any) -> Sequence[dict[str, Any]]:
    rows = queries.line_rows(db.session.connection(), stocktake_id, *only)
    return [_dump(row) for row in rows]
