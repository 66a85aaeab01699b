"""Read suppliers."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from server.core.errors import NotFound
from server.core.fields import normal_form
from server.core.listing import ListSpec, Page, fetch_page
from server.core.search import like
from server.modules.inventory.models import Supplier

LIST = ListSpec(sorts={"name": Supplier.name_key, "created_at": Supplier.created_at}, tie=Supplier.id, default="name")

_table = Supplier.__table__


def page_of_suppliers(connection: Connection, columns: Sequence[str], query: Mapping[str, Any]) -> Page:
    """Return one page of the suppliers in use, or of those that are no more."""
    stmt = select(*(_table.c[name] for name in columns)).where(Supplier.is_active == query["is_active"])
    for word in normal_form(query.get("q", "")).split():
        stmt = stmt.where(Supplier.name_key.like(f"%{like(word)}%", escape="\\"))
    return fetch_page(connection, stmt, LIST, query)


def supplier_row(connection: Connection, columns: Sequence[str], supplier_id: uuid.UUID) -> Row[Any]:
    """Return one supplier, in use or not, or raise `NotFound`."""
    stmt = select(*(_table.c[name] for name in columns)).where(Supplier.id == supplier_id)
    found = connection.execute(stmt).first()
    if found is None:
        raise NotFound
    return found
