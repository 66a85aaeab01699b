"""Read sessions and credentials."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Connection, Row, Select, or_, select

from server.core import clock
from server.core.access import Actor
from server.core.fields import normal_form
from server.modules.auth.models import Credential, Session
from server.modules.users.models import User

_ACCOUNT: tuple[Any, ...] = (User.id, User.status, User.email_verified_at, Credential.password_hash)


def sessions_of(connection: Connection, actor: Actor) -> list[dict[str, Any]]:
    """Return one's own live sessions, the latest used first."""
    table = Session.__table__
    rows = connection.execute(
        select(table.c.id, table.c.user_agent, table.c.address, table.c.created_at, table.c.last_used_at)
        .where(table.c.user_id == actor.user_id, table.c.ended_at.is_(None), table.c.expires_at > clock.now())
        .order_by(table.c.last_used_at.desc(), table.c.id.desc())
    )
    return [{**row._mapping, "is_current": row.id == actor.session_id} for row in rows]


def account_by_identifier(connection: Connection, identifier: str) -> Row[Any] | None:
    """Return id, status, verification and password hash of the account with this e-mail or user name."""
    key = normal_form(identifier)
    stmt: Select[Any] = (
        select(*_ACCOUNT)
        .outerjoin(Credential, Credential.user_id == User.id)
        .where(or_(User.email_key == key, User.username_key == key))
    )
    return connection.execute(stmt).first()


def password_hash(connection: Connection, user_id: uuid.UUID) -> str | None:
    """Return the stored hash of a user's password."""
    return connection.scalar(select(Credential.password_hash).where(Credential.user_id == user_id))
