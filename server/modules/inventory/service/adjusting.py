"""Put right what the ledger says of the shelf, and take off it what nobody will use."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import select

from server.core import clock
from server.core.db import db
from server.core.errors import NotFound, refused
from server.modules.inventory.enums import Activity, LotStatus
from server.modules.inventory.models import Lot
from server.modules.inventory.service import taking
from server.modules.inventory.service.ledger import Cause, Moved, Step, StockMoved, write
from server.modules.inventory.service.receiving import cost_of, lot_for, on_shelf, require_room
from server.modules.inventory.service.shelves import LotOnShelf, Shelf, locked


def count(
    *, item_id: uuid.UUID, quantity: int, expected_quantity: int, cause: Cause, lot_id: uuid.UUID | None = None
) -> list[Moved]:
    """Have the ledger say what was counted of an item, or of one of its lots; nothing moves where it said so already.

    Raise `StockMoved` with the present figure where there is not as much of it as whoever counted believed.
    """
    shelf, lot = _found(item_id, lot_id)
    present = shelf.on_hand if lot is None else lot.on_hand
    if present != expected_quantity:
        raise StockMoved(quantity=present)
    return _put_right(shelf, lot, quantity - present, cause, field="quantity")


def adjust(*, item_id: uuid.UUID, adjustment: int, cause: Cause, lot_id: uuid.UUID | None = None) -> list[Moved]:
    """Write so many units more or less of an item, or of one of its lots."""
    shelf, lot = _found(item_id, lot_id)
    return _put_right(shelf, lot, adjustment, cause, field="adjustment")


def discard(*, item_id: uuid.UUID, quantity: int, cause: Cause, lot_id: uuid.UUID | None = None) -> list[Moved]:
    """Throw units away, of a lot or of those that expire first; those that are expired or blocked as well."""
    if cause.activity != Activity.DISCARD:
        raise ValueError("what is discarded is written as that")
    if quantity < 1:
        raise refused("quantity", why="Expected at least 1.")
    shelf = locked([item_id]).get(item_id)
    if shelf is None:
        raise refused("item_id", why="There is no such item.")
    return _take(shelf, _lot(shelf, lot_id), quantity, cause)


def _found(item_id: uuid.UUID, lot_id: uuid.UUID | None) -> tuple[Shelf, LotOnShelf | None]:
    shelf = locked([item_id]).get(item_id)
    if shelf is None:
        raise NotFound
    return shelf, _lot(shelf, lot_id)


def _lot(shelf: Shelf, lot_id: uuid.UUID | None) -> LotOnShelf | None:
    lot = shelf.lot(lot_id) if lot_id is not None else None
    if lot is None and lot_id is not None:
        raise refused("lot_id", why="This item has no such lot.")
    return lot


def _put_right(shelf: Shelf, lot: LotOnShelf | None, change: int, cause: Cause, *, field: str) -> list[Moved]:
    if change < 0:
        return _take(shelf, lot, -change, cause)
    if change == 0:
        return []
    require_room(shelf, change, field=field)
    if lot is None:
        lot = _newest_usable(shelf, clock.today()) or _new_lot(shelf)
    return write([Step(shelf, lot, change)], cause=cause)


def _take(shelf: Shelf, lot: LotOnShelf | None, quantity: int, cause: Cause) -> list[Moved]:
    named = ((lot.id, quantity),) if lot is not None else ()
    return taking.take([taking.Wanted(shelf.item_id, quantity, lots=named)], cause=cause)


def _newest_usable(shelf: Shelf, today: date) -> LotOnShelf | None:
    """Return the usable lot that came in last."""
    usable = {lot.id: lot for lot in shelf.lots if lot.is_usable(today)}
    newest = select(Lot.id).where(Lot.id.in_(usable)).order_by(Lot.received_at.desc(), Lot.id.desc()).limit(1)
    lot_id = db.session.scalar(newest) if usable else None
    return usable[lot_id] if lot_id is not None else None


def _new_lot(shelf: Shelf) -> LotOnShelf:
    """Return a lot of which nothing is known but what its item says."""
    return on_shelf(shelf, lot_for(shelf, None, None, cost_of(shelf.item_id), status=LotStatus.AVAILABLE))
