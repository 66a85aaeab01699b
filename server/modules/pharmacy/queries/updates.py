"""Read the ledger of all stock that one's role reaches."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping
from typing import Any

from sqlalchemy import Connection, Row, Select, select
from sqlalchemy.sql import ColumnElement

from server.core.access import Actor
from server.core.clock import begin_of, end_of
from server.core.dump import columns_of, row_dumper
from server.core.errors import NotFound
from server.core.listing import ListSpec, Page, fetch_page
from server.modules.inventory.enums import ItemKind
from server.modules.inventory.models import Item, StockMovement
from server.modules.inventory.policies import Perm, kinds
from server.modules.inventory.schemas.movements import MovementOut
from server.modules.medications.models import Medication

COLUMNS = tuple(columns_of(MovementOut))

LIST = ListSpec(sorts={"occurred_at": StockMovement.occurred_at}, tie=StockMovement.id, default="-occurred_at")

_dump = row_dumper(MovementOut, COLUMNS)


def _of_medication(medication_id: uuid.UUID) -> ColumnElement[bool]:
    item_id = select(Medication.item_id).where(Medication.id == medication_id)
    return StockMovement.item_id == item_id.scalar_subquery()


_FILTERS: Mapping[str, Callable[[Any], ColumnElement[bool]]] = {
    "activity_type": lambda activity: StockMovement.activity_type == activity,
    "item_id": lambda item_id: StockMovement.item_id == item_id,
    "medication_id": _of_medication,
    "from": lambda bound: StockMovement.occurred_at >= begin_of(bound),
    "to": lambda bound: StockMovement.occurred_at < end_of(bound),
}


def page_of_updates(connection: Connection, actor: Actor, query: Mapping[str, Any]) -> Page:
    """Return one page of the ledger."""
    stmt = _rows(actor).where(*(_FILTERS[name](query[name]) for name in _FILTERS if name in query))
    return fetch_page(connection, stmt, LIST, query)


def update_row(connection: Connection, actor: Actor, movement_id: uuid.UUID) -> Row[Any]:
    """Return one line of the ledger, or raise `NotFound`."""
    found = connection.execute(_rows(actor).where(StockMovement.id == movement_id)).first()
    if found is None:
        raise NotFound
    return found


def written(connection: Connection, movement_ids: Collection[uuid.UUID]) -> dict[str, Any]:
    """Return the last of the lines that were just written, with all of them."""
    columns = (StockMovement.__table__.c[name] for name in COLUMNS)
    stmt = select(*columns).where(StockMovement.id.in_(movement_ids)).order_by(StockMovement.number)
    lines = [_dump(row) for row in connection.execute(stmt)]
    return {**lines[-1], "movements": lines}


def _rows(actor: Actor) -> Select[Any]:
    stmt = select(*(StockMovement.__table__.c[name] for name in COLUMNS))
    reached = kinds(actor, Perm.READ)
    if reached != frozenset(ItemKind):
        stmt = stmt.join(Item, Item.id == StockMovement.item_id).where(Item.kind.in_(sorted(reached)))
    return stmt
