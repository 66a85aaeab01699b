"""Add units to stock, or discard them, by item or by medication."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from server.core.access import Actor
from server.core.db import db
from server.core.errors import NotFound, refused
from server.modules.inventory.enums import Activity
from server.modules.inventory.models import StockMovement
from server.modules.inventory.service import adjusting
from server.modules.inventory.service.ledger import Cause, Step, write
from server.modules.inventory.service.receiving import receive_lot, require_room
from server.modules.inventory.service.shelves import locked
from server.modules.medications.models import Medication


def item_of(connection: Connection, *, item_id: uuid.UUID | None, medication_id: uuid.UUID | None) -> uuid.UUID:
    """Return the item of stock that is meant, by its id or by its medication's, or raise `NotFound`."""
    if item_id is not None:
        return item_id
    found: uuid.UUID | None = connection.scalar(select(Medication.item_id).where(Medication.id == medication_id))
    if found is None:
        raise NotFound
    return found


def update_stock(
    *,
    actor: Actor,
    activity_type: str,
    item_id: uuid.UUID,
    quantity: int,
    lot_id: uuid.UUID | None = None,
    reason: str | None = None,
    witness_id: uuid.UUID | None = None,
    **of_lot: Any,
) -> Sequence[uuid.UUID]:
    """Add units, to a lot that stands or to that of these facts, or discard them; return the lines of the ledger."""
    activity = Activity(activity_type)
    cause = Cause(activity=activity, actor=actor, reason=reason, witness_id=witness_id)
    if activity == Activity.DISCARD:
        moved = adjusting.discard(item_id=item_id, quantity=quantity, cause=cause, lot_id=lot_id)
        return [one.id for one in moved]
    if lot_id is not None:
        return _add_to(lot_id, item_id, quantity, cause)
    receive_lot(item_id=item_id, quantity=quantity, cause=cause, **of_lot)
    return db.session.scalars(
        select(StockMovement.id).where(
            StockMovement.item_id == item_id, StockMovement.transaction_id == cause.transaction_id
        )
    ).all()


def _add_to(lot_id: uuid.UUID, item_id: uuid.UUID, quantity: int, cause: Cause) -> Sequence[uuid.UUID]:
    shelf = locked([item_id])[item_id]
    lot = shelf.lot(lot_id)
    if lot is None:
        raise refused("lot_id", why="This item has no such lot.")
    require_room(shelf, quantity, field="quantity")
    return [one.id for one in write([Step(shelf, lot, quantity)], cause=cause)]
