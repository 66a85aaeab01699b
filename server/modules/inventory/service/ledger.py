"""Write movements of stock: a line of the ledger for each lot, and the balances with it. Nobody else writes either."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Table, insert, update
from sqlalchemy.sql import ColumnElement

from server.core import clock, trail as trails
from server.core.access import Actor
from server.core.db import db
from server.core.errors import Conflict
from server.core.ids import new_id
from server.modules.inventory import signals
from server.modules.inventory.enums import Activity
from server.modules.inventory.models import Item, Lot, StockMovement
from server.modules.inventory.service.shelves import LotOnShelf, Shelf

_ITEMS, _LOTS = Item.__table__, Lot.__table__


class StockMoved(Conflict):
    """The stock has moved since; look again."""

    code = "stock_moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why stock moves, for which document and by whom; what moves in one act has one `transaction_id`."""

    activity: Activity
    actor: Actor | None
    document_type: str | None = None
    document_id: uuid.UUID | None = None
    reason: str | None = None
    witness_id: uuid.UUID | None = None
    transaction_id: uuid.UUID = field(default_factory=new_id)
    occurred_at: datetime = field(default_factory=clock.now)


@dataclass(frozen=True, slots=True)
class Step:
    """So many units more (or, below zero, less) of one lot."""

    shelf: Shelf
    lot: LotOnShelf
    change: int


@dataclass(frozen=True, slots=True)
class Moved:
    """What has moved: the line of the ledger, and of which lot how many units more or less."""

    id: uuid.UUID
    item_id: uuid.UUID
    lot_id: uuid.UUID
    lot_number: str | None
    expires_on: date | None
    change: int


def write(steps: Sequence[Step], *, cause: Cause) -> list[Moved]:
    """Do the steps in their order on shelves that are locked, and return what has moved.

    Raise `StockMoved` where the balances are not what the shelves say: somebody wrote them in another way than this.
    """
    if not steps:
        return []
    signals.stock_moving.send(steps=steps, cause=cause)
    counts = {step.shelf.item_id: step.shelf.movement_count for step in steps}
    lines = [_line(step, cause) for step in steps]
    changes: Counter[uuid.UUID] = Counter()
    for step in steps:
        changes[step.lot.id] += step.change
    for lot_id, change in changes.items():
        has_it = _LOTS.c.on_hand + change >= _LOTS.c.reserved
        _change(_LOTS, lot_id, has_it, on_hand=_LOTS.c.on_hand + change)
    for shelf in {step.shelf.item_id: step.shelf for step in steps}.values():
        is_as_seen = _ITEMS.c.movement_count == counts[shelf.item_id]
        _change(_ITEMS, shelf.item_id, is_as_seen, on_hand=shelf.on_hand, movement_count=shelf.movement_count)
    db.session.execute(insert(StockMovement.__table__), lines)
    trails.current().changed.add("stock")
    moved = [
        Moved(line["id"], step.shelf.item_id, step.lot.id, step.lot.lot_number, step.lot.expires_on, step.change)
        for line, step in zip(lines, steps, strict=True)
    ]
    signals.stock_moved.send(moved=moved, cause=cause)
    return moved


def _change(table: Table, row_id: uuid.UUID, condition: ColumnElement[bool], **values: Any) -> None:
    """Write the balance of a row; a movement is no change of the row itself, whose `updated_at` and version stay."""
    stmt = update(table).where(table.c.id == row_id, condition).values(updated_at=table.c.updated_at, **values)
    if db.session.connection().execute(stmt).rowcount != 1:
        raise StockMoved


def _line(step: Step, cause: Cause) -> dict[str, Any]:
    """Return a step's line of the ledger, and have the shelf know what it holds then."""
    shelf, lot = step.shelf, step.lot
    lot.on_hand += step.change
    shelf.on_hand += step.change
    shelf.movement_count += 1
    return {
        "id": new_id(),
        "item_id": shelf.item_id,
        "lot_id": lot.id,
        "number": shelf.movement_count,
        "quantity_changed_by": step.change,
        "resulting_quantity": shelf.on_hand,
        "activity_type": cause.activity,
        "reason": cause.reason,
        "document_type": cause.document_type,
        "document_id": cause.document_id,
        "user_id": cause.actor.user_id if cause.actor else None,
        "witness_id": cause.witness_id,
        "transaction_id": cause.transaction_id,
        "occurred_at": cause.occurred_at,
        "recorded_at": clock.now(),
    }
