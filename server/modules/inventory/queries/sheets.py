"""Read items for a sheet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select, tuple_

from server.core import clock
from server.core.db import db
from server.modules.inventory.models import Item, ItemCategory, Supplier
from server.modules.inventory.queries.items import FILTERS
from server.modules.inventory.queries.levels import available
from server.modules.inventory.sheets import COLUMNS

ROWS_AT_ONCE = 1_000


def batches_of_items(query: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    """Yield the items by name, a thousand at a time; no connection is held while a slow client takes them."""
    beside = {
        "category": ItemCategory.name.label("category"),
        "supplier": Supplier.name.label("supplier"),
        "quantity": Item.on_hand.label("quantity"),
        "available": available(clock.today()).label("available"),
    }
    own = Item.__table__.c
    columns: list[Any] = [beside[name] if name in beside else own[name] for name in COLUMNS]
    stmt = (
        select(*columns, Item.name_key)
        .outerjoin(ItemCategory, ItemCategory.id == Item.category_id)
        .outerjoin(Supplier, Supplier.id == Item.supplier_id)
        .where(*(FILTERS[name](query[name]) for name in FILTERS if name in query))
        .order_by(Item.name_key, Item.id)
        .limit(ROWS_AT_ONCE)
    )
    part = stmt
    while True:
        with db.engine.connect() as connection:
            rows = connection.execute(part).all()
        if rows:
            yield rows
        if len(rows) < ROWS_AT_ONCE:
            return
        part = stmt.where(tuple_(Item.name_key, Item.id) > tuple_(rows[-1].name_key, rows[-1].id))
