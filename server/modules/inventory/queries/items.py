"""Read items, each with what is available of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, exists, not_, select
from sqlalchemy.sql import ColumnElement

from server.core import clock
from server.core.dump import columns_of
from server.core.errors import NotFound
from server.core.listing import ListSpec, Page, fetch_page
from server.core.search import containing_words
from server.modules.inventory.models import Item, Lot
from server.modules.inventory.queries.levels import available, is_kept, is_low
from server.modules.inventory.schemas.items import ItemOut

COLUMNS = tuple(columns_of(ItemOut))

LIST = ListSpec(
    sorts={"name": Item.name_key, "created_at": Item.created_at, "quantity": Item.on_hand}, tie=Item.id, default="name"
)

_table = Item.__table__


def _when(is_so: ColumnElement[bool], wanted: bool) -> ColumnElement[bool]:
    return is_so if wanted else not_(is_so)


FILTERS: Mapping[str, Callable[[Any], ColumnElement[bool]]] = {
    "is_active": lambda wanted: Item.is_active == wanted,
    "is_critical": lambda wanted: Item.is_critical == wanted,
    "category_id": lambda category_id: Item.category_id == category_id,
    "supplier_id": lambda supplier_id: Item.supplier_id == supplier_id,
    "kind": lambda kind: Item.kind == kind,
    "low_stock": lambda wanted: _when(is_low(available(clock.today())), wanted),
    "out_of_stock": lambda wanted: _when(and_(is_kept(), available(clock.today()) <= 0), wanted),
    "expiring_before": lambda day: (
        exists().where(Lot.item_id == Item.id, Lot.on_hand > 0, Lot.expires_on < day).correlate(Item)
    ),
    "q": lambda words: containing_words(Item.search_text, words),
}


def _rows() -> Select[Any]:
    free = available(clock.today()).label("available")
    return select(*(free if name == "available" else _table.c[name] for name in COLUMNS))


def page_of_items(connection: Connection, query: Mapping[str, Any]) -> Page:
    """Return one page of the items in use, or of those that are no more."""
    stmt = _rows().where(*(FILTERS[name](query[name]) for name in FILTERS if name in query))
    return fetch_page(connection, stmt, LIST, query)


def item_row(connection: Connection, item_id: uuid.UUID) -> Row[Any]:
    """Return one item, in use or not, or raise `NotFound`."""
    found = connection.execute(_rows().where(Item.id == item_id)).first()
    if found is None:
        raise NotFound
    return found
