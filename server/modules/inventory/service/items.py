"""Rules of items: what is kept in stock, and how stock comes in."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from sqlalchemy import select

from server.core import clock
from server.core.db import db
from server.core.errors import refused
from server.core.fields import MAX_INT
from server.core.text import fold_key
from server.modules.inventory.enums import LotStatus
from server.modules.inventory.models import Item, ItemCategory, Lot
from server.modules.inventory.service.ledger import Cause, Step, write
from server.modules.inventory.service.shelves import LotOnShelf, Shelf, is_expired, locked


def add_item(**fields: Any) -> Item:
    """Begin to keep something in stock; there is none of it yet."""
    category_id = fields.get("category_id")
    if category_id is not None and db.session.get(ItemCategory, category_id) is None:
        raise refused("category_id", why="There is no such category.")
    item = Item(name_key=fold_key(fields["name"]))
    for name, value in fields.items():
        if not (name == "id" and value is None):
            setattr(item, name, value)
    db.session.add(item)
    db.session.flush()
    return item


def receive_lot(
    *,
    item_id: uuid.UUID,
    quantity: int,
    cause: Cause,
    lot_number: str | None = None,
    expires_on: date | None = None,
    unit_cost: int | None = None,
) -> Lot:
    """Take units into stock, into the lot of the same number, expiry and cost or into a new one; return the lot.

    What is expired comes in quarantined, and what has the number of a lot that is blocked is blocked as that is.
    """
    shelf = locked([item_id]).get(item_id)
    if shelf is None:
        raise refused("item_id", why="There is no such item.")
    if quantity < 1:
        raise refused("quantity", why="Expected at least 1.")
    if shelf.on_hand + quantity > MAX_INT:
        raise refused("quantity", why="Nobody has so many.")
    if unit_cost is None:
        unit_cost = db.session.scalar(select(Item.unit_cost).where(Item.id == item_id)) or 0
    lot = _lot_for(shelf, lot_number, expires_on, unit_cost)
    at = LotOnShelf(lot.id, lot_number, expires_on, lot.status, lot.on_hand, lot.reserved)
    write([Step(shelf, at, quantity)], cause=cause)
    db.session.refresh(lot)
    return lot


def _lot_for(shelf: Shelf, lot_number: str | None, expires_on: date | None, unit_cost: int) -> Lot:
    status = _status_for(shelf, lot_number, expires_on)
    facts = {"lot_number": lot_number, "expires_on": expires_on, "unit_cost": unit_cost, "status": status}
    standing: Lot | None = db.session.scalars(
        select(Lot).filter_by(item_id=shelf.item_id, **facts).order_by(Lot.id).limit(1)
    ).first()
    if standing is not None:
        return standing
    lot = Lot(item_id=shelf.item_id, on_hand=0, reserved=0, **facts)
    db.session.add(lot)
    db.session.flush()
    return lot


def _status_for(shelf: Shelf, lot_number: str | None, expires_on: date | None) -> str:
    blocked = [
        lot.status
        for lot in shelf.lots
        if lot_number is not None and lot.lot_number == lot_number and lot.status != LotStatus.AVAILABLE
    ]
    if blocked:
        return blocked[0]
    return LotStatus.QUARANTINED if is_expired(expires_on, clock.today()) else LotStatus.AVAILABLE
