"""Read notifications and preferences."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, Uuid, bindparam, func, literal_column, or_, select

from server.core.access import Actor
from server.core.direct import fetch
from server.core.listing import ListSpec, Page, fetch_page
from server.modules.notifications.enums import MAILED, MANDATORY, Kind, OutboxStatus
from server.modules.notifications.models import Notification, NotificationPreference, OutboxMessage
from server.modules.notifications.policies import visible

Wish = dict[str, bool]

# Ids are UUIDv7, so ordering by id is ordering by time.
LIST = ListSpec(sorts={"created_at": Notification.id}, tie=Notification.id, default="-created_at")


def page_of_notifications(
    connection: Connection, actor: Actor, columns: Sequence[str], query: Mapping[str, Any]
) -> Page:
    """Return one page of one's own notifications, newest first."""
    table = Notification.__table__
    stmt = visible(select(*(table.c[name] for name in columns)), actor)
    if "type" in query:
        stmt = stmt.where(table.c.kind == query["type"])
    if "is_read" in query:
        stmt = stmt.where(table.c.read_at.is_not(None) if query["is_read"] else table.c.read_at.is_(None))
    return fetch_page(connection, stmt, LIST, query)


def unread_count(connection: Connection, actor: Actor) -> int:
    """Return how many notifications their reader has yet to read."""
    stmt = visible(select(func.count()).select_from(Notification), actor).where(Notification.read_at.is_(None))
    return int(connection.execute(stmt).scalar_one())


def dead_letters(connection: Connection) -> Sequence[Any]:
    """Return the mails that were given up, newest first, at most a thousand."""
    box = OutboxMessage.__table__
    stmt = select(box.c.id, box.c.created_at, box.c.kind, box.c.last_error).where(box.c.status == OutboxStatus.DEAD)
    return connection.execute(stmt.order_by(box.c.id.desc()).limit(1000)).all()


def waiting_mails(connection: Connection) -> dict[str, int]:
    """Return how many mails wait and how many were given up."""
    box = OutboxMessage.__table__
    counted = {
        status: select(func.count()).select_from(box).where(box.c.status == literal_column(f"'{status}'"))
        for status in (OutboxStatus.PENDING, OutboxStatus.DEAD)
    }
    return {status.value: int(connection.execute(stmt).scalar_one()) for status, stmt in counted.items()}


def wishes(connection: Connection, kind: Kind, user_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Wish]:
    """Return on which channels each user wishes to hear of a kind."""
    if not user_ids:
        return {}
    asked = {"kind": kind, **{f"user_{number}": user_id for number, user_id in enumerate(user_ids)}}
    rows = fetch(connection, _chosen(len(user_ids)), asked)
    chosen = {row.user_id: {"in_app": row.in_app, "email": row.email} for row in rows}
    return heard_by(kind, user_ids, chosen)


def heard_by(kind: Kind, user_ids: Iterable[uuid.UUID], chosen: Mapping[uuid.UUID, Wish]) -> dict[uuid.UUID, Wish]:
    """Return on which channels each user hears of a kind; `chosen` is what some of them have chosen for it."""
    return {user_id: _heard(kind, chosen.get(user_id)) for user_id in user_ids}


@lru_cache(maxsize=16)
def _chosen(users: int) -> Select[Any]:
    """Return the statement about what so many users have chosen, built once."""
    table = NotificationPreference.__table__
    is_asked = or_(*(table.c.user_id == bindparam(f"user_{number}", type_=Uuid) for number in range(users)))
    chosen = select(table.c.user_id, table.c.in_app, table.c.email)
    return chosen.where(table.c.kind == bindparam("kind"), is_asked)


def preferences_of(connection: Connection, user_id: uuid.UUID) -> dict[str, Wish]:
    """Return on which channels a user wishes to hear of each kind."""
    table = NotificationPreference.__table__
    stmt = select(table).where(table.c.user_id == user_id)
    chosen = {row.kind: {"in_app": row.in_app, "email": row.email} for row in connection.execute(stmt)}
    return {kind.value: _heard(kind, chosen.get(kind)) for kind in Kind}


def _heard(kind: Kind, chosen: Wish | None) -> Wish:
    """Return the channels of a kind for a user; what is mandatory is heard whatever was chosen."""
    return usual(kind) if chosen is None or kind in MANDATORY else chosen


def usual(kind: Kind) -> Wish:
    """Return the channels of a kind for whoever has not chosen."""
    return {"in_app": True, "email": kind in MAILED}
