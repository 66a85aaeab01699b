"""Take stock in, by lots."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import select

from server.core import clock
from server.core.db import db
from server.core.errors import refused
from server.core.fields import MAX_INT
from server.modules.inventory.enums import LotStatus
from server.modules.inventory.models import Item, Lot
from server.modules.inventory.service.ledger import Cause, Step, write
from server.modules.inventory.service.shelves import LotOnShelf, Shelf, is_expired, locked


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

    What is expired comes in quarantined. What has the number of a recalled lot is recalled too, and where every lot of
    its number is blocked it is blocked as they are.
    """
    shelf = locked([item_id]).get(item_id)
    if shelf is None:
        raise refused("item_id", why="There is no such item.")
    if not shelf.is_active:
        raise refused("item_id", why="This item is not in use any more.")
    if quantity < 1:
        raise refused("quantity", why="Expected at least 1.")
    require_room(shelf, quantity, field="quantity")
    cost = cost_of(item_id) if unit_cost is None else unit_cost
    lot = lot_coming(shelf, lot_number, expires_on, cost)
    write([Step(shelf, on_shelf(shelf, lot), quantity)], cause=cause)
    db.session.refresh(lot)
    return lot


def lot_coming(shelf: Shelf, lot_number: str | None, expires_on: date | None, unit_cost: int) -> Lot:
    """Return the lot into which units with these facts come, with the status that they come in with."""
    return lot_for(shelf, lot_number, expires_on, unit_cost, status=_status_for(shelf, lot_number, expires_on))


def cost_of(item_id: uuid.UUID) -> int:
    """Return what a unit of an item costs, in minor units, where nobody says otherwise."""
    return db.session.scalar(select(Item.unit_cost).where(Item.id == item_id)) or 0


def require_room(shelf: Shelf, quantity: int, *, field: str) -> None:
    """Raise a 422 where there would be more of an item than can be counted."""
    if shelf.on_hand + quantity > MAX_INT:
        raise refused(field, why="Nobody has so many.")


def lot_for(
    shelf: Shelf,
    lot_number: str | None,
    expires_on: date | None,
    unit_cost: int,
    *,
    status: str,
    why: str | None = None,
) -> Lot:
    """Return the lot of an item with these facts and this status, or a new one; `why` is the reason of its status."""
    facts = {"lot_number": lot_number, "expires_on": expires_on, "unit_cost": unit_cost, "status": status}
    standing: Lot | None = db.session.scalars(
        select(Lot).filter_by(item_id=shelf.item_id, **facts).order_by(Lot.id).limit(1)
    ).first()
    if standing is not None:
        return standing
    lot = Lot(item_id=shelf.item_id, on_hand=0, reserved=0, status_reason=why, **facts)
    db.session.add(lot)
    db.session.flush()
    return lot


def on_shelf(shelf: Shelf, lot: Lot) -> LotOnShelf:
    """Return a lot as it is on the shelf of its item, which is locked; a new one is put there."""
    there = shelf.lot(lot.id)
    if there is None:
        there = LotOnShelf(lot.id, lot.lot_number, lot.expires_on, lot.status, lot.on_hand, lot.reserved)
        shelf.lots.append(there)
    return there


def _status_for(shelf: Shelf, lot_number: str | None, expires_on: date | None) -> str:
    statuses = [lot.status for lot in shelf.lots if lot_number is not None and lot.lot_number == lot_number]
    if LotStatus.RECALLED in statuses:
        return LotStatus.RECALLED
    if statuses and LotStatus.AVAILABLE not in statuses:
        return statuses[0]
    return LotStatus.QUARANTINED if is_expired(expires_on, clock.today()) else LotStatus.AVAILABLE
