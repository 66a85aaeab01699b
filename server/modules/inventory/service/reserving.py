"""Keep units for a document: they stay in stock, and nobody else takes them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update
from sqlalchemy.sql import ColumnElement

from server.core import clock
from server.core.access import Actor
from server.core.db import db
from server.core.ids import new_id
from server.modules.inventory.enums import Activity
from server.modules.inventory.models import Lot, StockReservation
from server.modules.inventory.service import levels
from server.modules.inventory.service.ledger import Cause, Moved, Step, StockMoved, write
from server.modules.inventory.service.shelves import locked
from server.modules.inventory.service.taking import Wanted, choose

_LOTS, _RESERVATIONS = Lot.__table__, StockReservation.__table__


@dataclass(frozen=True, slots=True)
class Reserved:
    """So many units of a lot, kept for a document."""

    item_id: uuid.UUID
    lot_id: uuid.UUID
    quantity: int


def reserve(
    wanted: Sequence[Wanted], *, document_type: str, document_id: uuid.UUID, actor: Actor | None
) -> list[Reserved]:
    """Keep all of it for a document or nothing, of lots that patients may be given; raise as `take` does."""
    shelves = locked(one.item_id for one in wanted)
    with levels.watched(shelves):
        kept = [_keep(step) for step in choose(wanted, shelves, activity=Activity.FILL)]
    now = clock.now()
    rows = [
        {
            "id": new_id(),
            "item_id": one.item_id,
            "lot_id": one.lot_id,
            "quantity": one.quantity,
            "document_type": document_type,
            "document_id": document_id,
            "reserved_by": actor.user_id if actor else None,
            "reserved_at": now,
        }
        for one in kept
    ]
    if rows:
        db.session.execute(insert(_RESERVATIONS), rows)
    return kept


def release(*, document_type: str, document_id: uuid.UUID) -> list[Reserved]:
    """Let go of what is kept for a document; return what it was."""
    is_of_document = _is_of(document_type, document_id)
    stmt = select(_RESERVATIONS.c.item_id, _RESERVATIONS.c.lot_id, _RESERVATIONS.c.quantity).where(is_of_document)
    locked(db.session.scalars(select(_RESERVATIONS.c.item_id).where(is_of_document)))
    kept = [Reserved(*row) for row in db.session.execute(stmt.order_by(_RESERVATIONS.c.id))]
    for one in kept:
        _count_reserved(one.lot_id, -one.quantity)
    db.session.execute(delete(_RESERVATIONS).where(is_of_document))
    return kept


def take_reserved(*, cause: Cause) -> list[Moved]:
    """Take what is kept for the cause's document, of just those lots; raise a 422 where one is not fit any more."""
    if cause.document_type is None or cause.document_id is None:
        raise ValueError("what is reserved is reserved for a document")
    kept = release(document_type=cause.document_type, document_id=cause.document_id)
    wanted = [Wanted(one.item_id, one.quantity, lots=((one.lot_id, one.quantity),)) for one in kept]
    shelves = locked(one.item_id for one in kept)
    # It was nobody else's before, so what is available has not sunk.
    return write(choose(wanted, shelves, activity=cause.activity), cause=cause)


def _keep(step: Step) -> Reserved:
    step.lot.reserved -= step.change
    _count_reserved(step.lot.id, -step.change)
    return Reserved(step.shelf.item_id, step.lot.id, -step.change)


def _count_reserved(lot_id: uuid.UUID, change: int) -> None:
    """Write how much of a lot is reserved; that is no change of the lot itself, whose version stays."""
    reserved = _LOTS.c.reserved + change
    is_there = (_LOTS.c.id == lot_id) & (reserved >= 0) & (reserved <= _LOTS.c.on_hand)
    stmt = update(_LOTS).where(is_there).values(reserved=reserved, updated_at=_LOTS.c.updated_at)
    if db.session.connection().execute(stmt).rowcount != 1:
        raise StockMoved


def _is_of(document_type: str, document_id: uuid.UUID) -> ColumnElement[bool]:
    return (_RESERVATIONS.c.document_type == document_type) & (_RESERVATIONS.c.document_id == document_id)
