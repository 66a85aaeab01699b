"""Hold every balance against the ledger."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Integer, Select, Uuid, cast, func, null, select, true, type_coerce, union_all
from sqlalchemy.sql import ColumnElement

from server.modules.inventory.models import Item, Lot, StockMovement


@dataclass(frozen=True, slots=True)
class Difference:
    """A balance that is not what the ledger adds up to: of an item, of one of its lots, or beside one of its lines."""

    item_id: uuid.UUID
    lot_id: uuid.UUID | None
    movement_id: uuid.UUID | None
    balance: int
    ledger: int


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """How many balances were recomputed, and which of them differ."""

    checked: int
    differences: list[Difference]


def reconcile(connection: Connection) -> Reconciliation:
    """Recompute every balance from the ledger, in one statement and so as of one moment."""
    parts = [_of_items(), _of_lots(), _of_lines()]
    balances = union_all(*parts).subquery("balances")
    counted = select(func.count().label("checked")).select_from(balances).subquery("counted")
    differs = select(balances).where(balances.c.balance != balances.c.ledger).subquery("differs")
    stmt = select(counted.c.checked, differs).select_from(counted.outerjoin(differs, true()))
    rows = connection.execute(stmt.order_by(differs.c.item_id, differs.c.lot_id, differs.c.movement_id)).all()
    return Reconciliation(rows[0][0], [Difference(*row[1:]) for row in rows if row[1] is not None])


def _balances(item_id: Any, lot_id: Any, movement_id: Any, balance: Any, ledger: Any) -> Select[Any]:
    return select(
        type_coerce(item_id, Uuid).label("item_id"),
        type_coerce(_nothing() if lot_id is None else lot_id, Uuid).label("lot_id"),
        type_coerce(_nothing() if movement_id is None else movement_id, Uuid).label("movement_id"),
        balance.label("balance"),
        cast(func.coalesce(ledger, 0), Integer).label("ledger"),
    )


def _nothing() -> ColumnElement[Any]:
    return cast(null(), Uuid)


def _of_items() -> Select[Any]:
    moved = (
        select(func.sum(StockMovement.quantity_changed_by))
        .where(StockMovement.item_id == Item.id)
        .correlate(Item)
        .scalar_subquery()
    )
    return _balances(Item.id, None, None, Item.on_hand, moved)


def _of_lots() -> Select[Any]:
    moved = (
        select(func.sum(StockMovement.quantity_changed_by))
        .where(StockMovement.lot_id == Lot.id)
        .correlate(Lot)
        .scalar_subquery()
    )
    return _balances(Lot.item_id, Lot.id, None, Lot.on_hand, moved)


def _of_lines() -> Select[Any]:
    """Return each line's balance beside the sum of the item's lines up to it."""
    running = func.sum(StockMovement.quantity_changed_by).over(
        partition_by=StockMovement.item_id, order_by=StockMovement.number
    )
    return _balances(
        StockMovement.item_id,
        StockMovement.lot_id,
        StockMovement.id,
        StockMovement.resulting_quantity,
        running,
    )
