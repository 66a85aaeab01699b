"""Read accounts."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, exists, func, select

from server.core.errors import NotFound
from server.core.listing import ListSpec, Page, fetch_page
from server.core.search import containing_words
from server.modules.users.enums import UserStatus
from server.modules.users.models import User, UserRole

LIST = ListSpec(
    sorts={"last_name": User.last_name_key, "created_at": User.created_at, "email": User.email_key},
    tie=User.id,
    default="last_name",
)


def _columns(names: list[str]) -> list[Any]:
    roles = (
        select(func.aggregate_strings(UserRole.role, ","))
        .where(UserRole.user_id == User.id)
        .correlate(User)
        .scalar_subquery()
        .label("role_names")
    )
    table = User.__table__
    return [roles if name == "role_names" else table.c[name] for name in names]


def page_of_users(connection: Connection, columns: list[str], query: Mapping[str, Any]) -> Page:
    """Return one page of accounts."""
    stmt = select(*_columns(columns)).select_from(User)
    if "q" in query:
        stmt = stmt.where(containing_words(User.search_text, query["q"]))
    if "status" in query:
        stmt = stmt.where(User.status == query["status"])
    else:
        stmt = stmt.where(User.status != UserStatus.DEACTIVATED)
    if "role" in query:
        stmt = stmt.where(exists().where(UserRole.user_id == User.id, UserRole.role == query["role"]))
    return fetch_page(connection, stmt, LIST, query)


def user_row(connection: Connection, columns: list[str], user_id: uuid.UUID) -> Row[Any]:
    """Return one account as a row, or raise `NotFound`."""
    found = connection.execute(select(*_columns(columns)).select_from(User).where(User.id == user_id)).first()
    if found is None:
        raise NotFound
    return found
