"""Make items and lots, and look at what is on the shelf and in the ledger."""

import itertools
import uuid
from dataclasses import dataclass
from typing import Any

from flask import Flask
from sqlalchemy import select

from server.core.db import db
from server.core.uow import command
from server.modules.inventory.enums import Activity
from server.modules.inventory.models import Item, Lot, StockMovement
from server.modules.inventory.service import items
from server.modules.inventory.service.ledger import Cause

_numbers = itertools.count(1)


@dataclass(frozen=True)
class OnShelf:
    """How much there is of an item, and of each of its lots."""

    on_hand: int
    lots: dict[uuid.UUID, int]


def make_item(app: Flask, *, stock: int = 0, **fields: Any) -> uuid.UUID:
    """Begin to keep an item in stock, with so many units of it that never expire; return its id."""
    facts = {"name": f"Gauze {next(_numbers)}", "kind": "supply", "unit": "piece", **fields}
    with app.app_context(), command("tests.make_item", "item"):
        item_id = items.add_item(**facts).id
    if stock:
        receive(app, item_id, stock)
    return item_id


def receive(app: Flask, item_id: uuid.UUID, quantity: int, **fields: Any) -> uuid.UUID:
    """Take units into stock; return the id of their lot."""
    with app.app_context(), command("tests.receive", "lot"):
        cause = Cause(activity=Activity.ADD, actor=None)
        return items.receive_lot(item_id=item_id, quantity=quantity, cause=cause, **fields).id


def set_lot(app: Flask, lot_id: uuid.UUID, **columns: Any) -> None:
    """Write columns of a lot directly."""
    _set(app, Lot.__table__, lot_id, columns)


def set_item(app: Flask, item_id: uuid.UUID, **columns: Any) -> None:
    """Write columns of an item directly."""
    _set(app, Item.__table__, item_id, columns)


def _set(app: Flask, table: Any, row_id: uuid.UUID, columns: dict[str, Any]) -> None:
    with app.app_context(), command("tests.set", "stock"):
        db.session.execute(table.update().where(table.c.id == row_id).values(**columns))


def shelf(app: Flask, item_id: uuid.UUID) -> OnShelf:
    """Return what there is of an item."""
    with app.app_context(), db.engine.connect() as connection:
        on_hand = connection.scalar(select(Item.on_hand).where(Item.id == item_id))
        lots = connection.execute(select(Lot.id, Lot.on_hand).where(Lot.item_id == item_id))
        return OnShelf(on_hand, {row.id: row.on_hand for row in lots})


def ledger(app: Flask, item_id: uuid.UUID) -> list[dict[str, Any]]:
    """Return the lines of the ledger on an item, in their order."""
    table = StockMovement.__table__
    with app.app_context(), db.engine.connect() as connection:
        found = connection.execute(table.select().where(table.c.item_id == item_id).order_by(table.c.number))
        return [dict(row) for row in found.mappings()]
