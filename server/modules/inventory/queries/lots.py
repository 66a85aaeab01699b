"""Read the lots of an item."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Date, Row, func, literal, select

from server.core.dump import columns_of
from server.core.errors import NotFound
from server.core.listing import ListSpec, Page, fetch_page
from server.modules.inventory.models import Lot
from server.modules.inventory.schemas.lots import LotOut

COLUMNS = tuple(columns_of(LotOut))

# What never expires comes after all that does.
_NEVER = literal(date.max, Date)
LIST = ListSpec(
    sorts={"expires_on": func.coalesce(Lot.expires_on, _NEVER), "received_at": Lot.received_at},
    tie=Lot.id,
    default="expires_on",
)

_rows = select(*(Lot.__table__.c[name] for name in COLUMNS))


def page_of_lots(connection: Connection, item_id: uuid.UUID, query: Mapping[str, Any]) -> Page:
    """Return one page of an item's lots."""
    stmt = _rows.where(Lot.item_id == item_id)
    if "status" in query:
        stmt = stmt.where(Lot.status == query["status"])
    return fetch_page(connection, stmt, LIST, query)


def lot_row(connection: Connection, lot_id: uuid.UUID) -> Row[Any]:
    """Return one lot, or raise `NotFound`."""
    found = connection.execute(_rows.where(Lot.id == lot_id)).first()
    if found is None:
        raise NotFound
    return found


def lot_rows(connection: Connection, lot_ids: Collection[uuid.UUID]) -> Sequence[Row[Any]]:
    """Return some lots, the oldest first."""
    return connection.execute(_rows.where(Lot.id.in_(lot_ids)).order_by(Lot.received_at, Lot.id)).all()
