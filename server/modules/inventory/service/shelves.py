"""What is on the shelf of an item now: its lots and what may be taken of them, held until the unit of work ends."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import select

from server.core.db import db
from server.modules.inventory.enums import LotStatus
from server.modules.inventory.models import Item, Lot


@dataclass(slots=True)
class LotOnShelf:
    """A lot: how much of it there is, and how much of that is reserved for somebody."""

    id: uuid.UUID
    lot_number: str | None
    expires_on: date | None
    status: str
    on_hand: int
    reserved: int

    @property
    def free(self) -> int:
        """How much of it is nobody's yet."""
        return self.on_hand - self.reserved

    def is_usable(self, on: date) -> bool:
        """Whether patients may be given of it; its last day still counts."""
        return self.status == LotStatus.AVAILABLE and not is_expired(self.expires_on, on)


@dataclass(slots=True)
class Shelf:
    """An item with its lots, those that expire first before the others."""

    item_id: uuid.UUID
    is_active: bool
    reorder_point: int
    on_hand: int
    movement_count: int
    lots: list[LotOnShelf] = field(default_factory=list)

    def available(self, on: date) -> int:
        """Return how many units may be used on a day."""
        return sum(lot.free for lot in self.lots if lot.is_usable(on))

    def lot(self, lot_id: uuid.UUID) -> LotOnShelf | None:
        """Return one of its lots."""
        return next((lot for lot in self.lots if lot.id == lot_id), None)


def is_expired(expires_on: date | None, on: date) -> bool:
    """Whether something that expires on one day is expired on another; what has no such day never is."""
    return expires_on is not None and expires_on < on


def locked(item_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Shelf]:
    """Return the shelves of those items that there are, locked in the order of their ids.

    Whoever changes an item's lots locks the item first, so the lots need no locks of their own.
    """
    columns = Item.id, Item.is_active, Item.reorder_point, Item.on_hand, Item.movement_count
    items = select(*columns).where(Item.id.in_(set(item_ids))).order_by(Item.id).with_for_update()
    shelves = {row.id: Shelf(*row) for row in db.session.execute(items)}
    lots = (
        select(Lot.id, Lot.lot_number, Lot.expires_on, Lot.status, Lot.on_hand, Lot.reserved, Lot.item_id)
        .where(Lot.item_id.in_(shelves))
        .order_by(Lot.expires_on.is_(None), Lot.expires_on, Lot.received_at, Lot.id)
    )
    for row in db.session.execute(lots):
        shelves[row.item_id].lots.append(LotOnShelf(*row[:-1]))
    return shelves
