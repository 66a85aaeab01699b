"""Find counts, and their lines."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select
from sqlalchemy.sql import ColumnElement

from server.core.access import Actor, Permission
from server.core.dump import columns_of
from server.core.errors import NotFound
from server.core.listing import ListSpec, Page, fetch_page
from server.modules.inventory.models import Item, Lot, Stocktake, StocktakeLine
from server.modules.inventory.policies import Perm
from server.modules.inventory.queries.reach import only_kinds
from server.modules.inventory.schemas.stocktakes import StocktakeLineOut, StocktakeOut

LIST = ListSpec(
    sorts={"created_at": Stocktake.created_at, "number": Stocktake.number}, tie=Stocktake.id, default="-created_at"
)
COLUMNS = tuple(columns_of(StocktakeOut))
LINE_COLUMNS = tuple(columns_of(StocktakeLineOut))

_IS_ITS_LINE = StocktakeLine.stocktake_id == Stocktake.id
_BESIDE: Mapping[str, Any] = {
    "item_name": Item.name.label("item_name"),
    "kind": Item.kind,
    "unit": Item.unit,
    "lot_number": Lot.lot_number,
    "expires_on": Lot.expires_on,
    "on_hand": Lot.on_hand,
    "has_moved": (Item.movement_count != StocktakeLine.movement_count).label("has_moved"),
}


def reaches(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """Return "the actor may count all that this counts"."""
    found: ColumnElement[bool] = only_kinds(actor, permission, StocktakeLine.item_id, _IS_ITS_LINE)
    return found


def _rows() -> Select[Any]:
    made = {
        "line_count": select(func.count(StocktakeLine.id)),
        "counted_count": select(func.count(StocktakeLine.counted)),
    }
    own = Stocktake.__table__.c
    return select(
        *(
            made[name].where(_IS_ITS_LINE).correlate(Stocktake).scalar_subquery().label(name)
            if name in made
            else own[name]
            for name in COLUMNS
        )
    )


def page_of_stocktakes(connection: Connection, actor: Actor, query: Mapping[str, Any]) -> Page:
    """Return one page of the counts of what the actor may count."""
    stmt = _rows().where(reaches(actor, Perm.COUNT))
    if "status" in query:
        stmt = stmt.where(Stocktake.status == query["status"])
    return fetch_page(connection, stmt, LIST, query)


def stocktake_row(connection: Connection, stocktake_id: uuid.UUID) -> Row[Any]:
    """Return one count, or raise `NotFound`."""
    found = connection.execute(_rows().where(Stocktake.id == stocktake_id)).first()
    if found is None:
        raise NotFound
    return found


def line_rows(connection: Connection, stocktake_id: uuid.UUID, *only: ColumnElement[bool]) -> Sequence[Row[Any]]:
    """Return the lines of a count as one walks along the shelves: by item, then what expires first."""
    line = StocktakeLine.__table__.c
    stmt = (
        select(*(_BESIDE[name] if name in _BESIDE else line[name] for name in LINE_COLUMNS))
        .join(Item, Item.id == StocktakeLine.item_id)
        .join(Lot, Lot.id == StocktakeLine.lot_id)
        .where(StocktakeLine.stocktake_id == stocktake_id, *only)
        .order_by(Item.name_key, Item.id, Lot.expires_on.is_(None), Lot.expires_on, Lot.id)
    )
    return connection.execute(stmt).all()


HAS_MOVED: ColumnElement[bool] = Item.movement_count != StocktakeLine.movement_count
IS_COUNTED: ColumnElement[bool] = StocktakeLine.counted.is_not(None)
