"""Read the ledger."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select
from sqlalchemy.sql import ColumnElement

from server.core.clock import begin_of, end_of
from server.core.dump import columns_of
from server.core.listing import ListSpec, Page, fetch_page
from server.modules.inventory.models import StockMovement
from server.modules.inventory.schemas.movements import MovementOut

COLUMNS = tuple(columns_of(MovementOut))

# The lines of an item are numbered as they are written.
LIST = ListSpec(sorts={"recorded_at": StockMovement.number}, tie=StockMovement.id, default="-recorded_at")

_FILTERS: Mapping[str, Callable[[Any], ColumnElement[bool]]] = {
    "activity_type": lambda activity: StockMovement.activity_type == activity,
    "lot_id": lambda lot_id: StockMovement.lot_id == lot_id,
    "from": lambda bound: StockMovement.occurred_at >= begin_of(bound),
    "to": lambda bound: StockMovement.occurred_at < end_of(bound),
}


def page_of_movements(connection: Connection, item_id: uuid.UUID, query: Mapping[str, Any]) -> Page:
    """Return one page of an item's lines, the latest first, each with what there was after it."""
    stmt = select(*(StockMovement.__table__.c[name] for name in COLUMNS)).where(StockMovement.item_id == item_id)
    return fetch_page(
        connection, stmt.where(*(_FILTERS[name](query[name]) for name in _FILTERS if name in query)), LIST, query
    )


def movement_rows(connection: Connection, movement_ids: Collection[uuid.UUID]) -> Sequence[Row[Any]]:
    """Return some lines of the ledger, item by item in their order."""
    table = StockMovement.__table__.c
    stmt = select(*(table[name] for name in COLUMNS)).where(table.id.in_(movement_ids))
    return connection.execute(stmt.order_by(table.item_id, table.number)).all()
