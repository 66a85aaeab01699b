"""Read the audit log and, derived from it, the activities of users."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, select

from server.core.access import Actor
from server.core.db import db
from server.core.errors import NotFound
from server.core.ids import new_id
from server.core.listing import ListSpec, Page, fetch_page
from server.modules.audit.enums import ACTIVITY_OF_ACTION
from server.modules.audit.models import AuditLog
from server.modules.audit.policies import Perm, visible

# Ids are UUIDv7, so ordering by id is ordering by time and needs no index on time.
LIST = ListSpec(sorts={"at": AuditLog.id}, tie=AuditLog.id, default="-at")

ROWS_AT_ONCE = 1_000
_EQUAL = ("actor_id", "action", "object_type", "object_id", "patient_id", "outcome", "request_id")
_ACTIVITY = case(
    (AuditLog.outcome != "success", "error"),
    *((AuditLog.action == action, activity) for action, activity in ACTIVITY_OF_ACTION.items()),
    else_="other",
)


def _between(stmt: Select[Any], start: datetime | None, end: datetime | None) -> Select[Any]:
    if start is not None:
        stmt = stmt.where(AuditLog.at >= start)
    return stmt if end is None else stmt.where(AuditLog.at < end)


def page_of_rows(connection: Connection, actor: Actor, columns: list[str], query: Mapping[str, Any]) -> Page:
    """Return one page of the audit log, newest first; `from` is inclusive, `to` is exclusive."""
    return fetch_page(connection, _filtered(columns, visible(select(), actor, Perm.READ), query), LIST, query)


def _filtered(columns: list[str], stmt: Select[Any], query: Mapping[str, Any]) -> Select[Any]:
    table = AuditLog.__table__
    stmt = stmt.add_columns(*(table.c[name] for name in columns))
    for name in _EQUAL:
        if name in query:
            stmt = stmt.where(table.c[name] == query[name])
    return _between(stmt, query.get("from"), query.get("to"))


def rows_after(actor: Actor, columns: list[str], query: Mapping[str, Any]) -> Iterator[Sequence[Row[Any]]]:
    """Return the rows of an export up to now, oldest first, a thousand at a time."""
    stmt = _filtered(["id", *columns], visible(select(), actor, Perm.EXPORT), query)
    return _in_parts(stmt.where(AuditLog.id < new_id()).order_by(AuditLog.id).limit(ROWS_AT_ONCE))


def _in_parts(stmt: Select[Any]) -> Iterator[Sequence[Row[Any]]]:
    """Yield the rows in parts; no connection is held while a slow client takes one."""
    after = uuid.UUID(int=0)
    while True:
        with db.engine.connect() as connection:
            rows = connection.execute(stmt.where(AuditLog.id > after)).all()
        if rows:
            yield rows
        if len(rows) < ROWS_AT_ONCE:
            return
        after = rows[-1][0]


def row_by_id(connection: Connection, actor: Actor, columns: list[str], row_id: uuid.UUID) -> Row[Any]:
    """Return one row of the audit log, or raise `NotFound`."""
    table = AuditLog.__table__
    stmt = select(*(table.c[name] for name in columns)).where(table.c.id == row_id)
    found = connection.execute(visible(stmt, actor, Perm.READ)).first()
    if found is None:
        raise NotFound
    return found


def _is_activity(activity: str) -> ColumnElement[bool]:
    """Return the condition of an activity in columns that indexes know."""
    if activity == "error":
        return AuditLog.outcome != "success"
    actions = [action for action, kind in ACTIVITY_OF_ACTION.items() if kind == activity]
    is_named = AuditLog.action.in_(actions) if actions else AuditLog.action.not_in(list(ACTIVITY_OF_ACTION))
    return and_(AuditLog.outcome == "success", is_named)


def page_of_activities(connection: Connection, actor: Actor, query: Mapping[str, Any]) -> Page:
    """Return one page of what users did, newest first; users other than admins see their own."""
    stmt = visible(
        select(
            AuditLog.id,
            AuditLog.at,
            AuditLog.actor_id.label("user_id"),
            _ACTIVITY.label("activity_type"),
            AuditLog.action,
            AuditLog.object_type,
            AuditLog.object_id,
            AuditLog.status,
        ).where(AuditLog.actor_id.is_not(None)),
        actor,
        Perm.ACTIVITIES,
    )
    if "user_id" in query:
        stmt = stmt.where(AuditLog.actor_id == query["user_id"])
    if "activity_type" in query:
        stmt = stmt.where(_is_activity(query["activity_type"]))
    return fetch_page(connection, _between(stmt, query.get("from"), query.get("to")), LIST, query)
