"""Rules of lots: which of them may be used, and who has to know when one may not be any more."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from sqlalchemy import select

from server.core import clock, trail as trails
from server.core.access import Actor
from server.core.columns import Expected
from server.core.db import db
from server.core.errors import NotFound
from server.modules.inventory import signals
from server.modules.inventory.enums import LotStatus
from server.modules.inventory.models import Lot
from server.modules.inventory.service import levels
from server.modules.inventory.service.shelves import Shelf, locked


def change(*, actor: Actor, lot_id: uuid.UUID, expected: Expected, status: str, reason: str) -> Lot:
    """Say whether a lot may be used; the reason stands with it."""
    shelf, lot = _on_shelf(lot_id)
    lot.require(expected)
    _set(actor, shelf, [lot], status, reason)
    return lot


def recall(*, actor: Actor, lot_id: uuid.UUID, reason: str) -> list[Lot]:
    """Recall every lot of the item with the number of this one, and return them; again, it changes nothing.

    A lot without a number is recalled alone.
    """
    shelf, lot = _on_shelf(lot_id)
    same_number = [one.id for one in shelf.lots if one.lot_number == lot.lot_number and lot.lot_number is not None]
    stmt = select(Lot).where(Lot.id.in_(same_number or [lot_id])).order_by(Lot.received_at, Lot.id)
    lots = list(db.session.scalars(stmt))
    _set(actor, shelf, [one for one in lots if one.status != LotStatus.RECALLED], LotStatus.RECALLED, reason)
    trails.current().about(lot_id)
    return lots


def _on_shelf(lot_id: uuid.UUID) -> tuple[Shelf, Lot]:
    """Return a lot with the shelf of its item, which is locked."""
    item_id = db.session.scalar(select(Lot.item_id).where(Lot.id == lot_id))
    if item_id is None:
        raise NotFound
    shelf = locked([item_id])[item_id]
    return shelf, db.session.get_one(Lot, lot_id, populate_existing=True)


def _set(actor: Actor, shelf: Shelf, lots: Iterable[Lot], status: str, reason: str) -> None:
    blocked = []
    with levels.watched({shelf.item_id: shelf}):
        for lot in lots:
            if lot.status == LotStatus.AVAILABLE != status:
                blocked.append(lot.id)
            lot.status, lot.status_reason = status, reason
            lot.status_at, lot.status_by = clock.now(), actor.user_id
            there = shelf.lot(lot.id)
            if there is not None:
                there.status = status
        db.session.flush()
    for lot_id in blocked:
        signals.lot_blocked.send(item_id=shelf.item_id, lot_id=lot_id, status=status)
