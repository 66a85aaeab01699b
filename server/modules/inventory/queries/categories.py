"""Read categories."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, func, select

from server.core.errors import NotFound
from server.core.fields import normal_form
from server.core.listing import ListSpec, Page, fetch_page
from server.core.search import like
from server.modules.inventory.models import Item, ItemCategory

LIST = ListSpec(sorts={"name": ItemCategory.name_key}, tie=ItemCategory.id, default="name")

_table = ItemCategory.__table__


def page_of_categories(connection: Connection, columns: Sequence[str], query: Mapping[str, Any]) -> Page:
    """Return one page of the categories."""
    stmt = select(*(_table.c[name] for name in columns))
    for word in normal_form(query.get("q", "")).split():
        stmt = stmt.where(ItemCategory.name_key.like(f"%{like(word)}%", escape="\\"))
    return fetch_page(connection, stmt, LIST, query)


def category_row(connection: Connection, columns: Sequence[str], category_id: uuid.UUID) -> Row[Any]:
    """Return one category, or raise `NotFound`."""
    stmt = select(*(_table.c[name] for name in columns)).where(ItemCategory.id == category_id)
    found = connection.execute(stmt).first()
    if found is None:
        raise NotFound
    return found


def counts(connection: Connection) -> list[dict[str, Any]]:
    """Return every category with how many items in use it has."""
    is_kept = and_(Item.category_id == ItemCategory.id, Item.is_active)
    stmt = (
        select(ItemCategory.id, ItemCategory.name, func.count(Item.id).label("count"))
        .outerjoin(Item, is_kept)
        .group_by(ItemCategory.id, ItemCategory.name, ItemCategory.name_key)
        .order_by(ItemCategory.name_key, ItemCategory.id)
    )
    return [dict(row) for row in connection.execute(stmt).mappings()]
