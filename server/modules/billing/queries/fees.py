"""Read the fee schedule."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from server.core.errors import NotFound
from server.core.listing import ListSpec, Page, fetch_page
from server.core.search import containing_words
from server.modules.billing.models import Service

LIST = ListSpec(sorts={"name": Service.name_key, "code": Service.code_key}, tie=Service.id, default="name")

_table = Service.__table__


def page_of_services(connection: Connection, columns: Sequence[str], query: Mapping[str, Any]) -> Page:
    """Return one page of the services that are on the schedule, or of those that are no more."""
    stmt = select(*(_table.c[name] for name in columns)).where(Service.is_active == query["is_active"])
    if "q" in query:
        stmt = stmt.where(containing_words(Service.search_text, query["q"]))
    return fetch_page(connection, stmt, LIST, query)


def service_row(connection: Connection, columns: Sequence[str], service_id: uuid.UUID) -> Row[Any]:
    """Return one service, on the schedule or not, or raise `NotFound`."""
    stmt = select(*(_table.c[name] for name in columns)).where(Service.id == service_id)
    found = connection.execute(stmt).first()
    if found is None:
        raise NotFound
    return found
