"""Read sessions and credentials."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, or_, select

from server.core import clock
from server.core.access import Actor
from server.core.fields import normal_form
from server.core.listing import ListSpec, Page, fetch_page
from server.modules.auth.models import Credential, Session
from server.modules.users.enums import UserStatus
from server.modules.users.models import User

_ACCOUNT: tuple[Any, ...] = (
    User.id,
    User.status,
    User.email_verified_at,
    User.mfa_enabled,
    Credential.password_hash,
    Credential.changed_at,
)


_SESSION: tuple[Any, ...] = (
    Session.id,
    Session.user_agent,
    Session.address,
    Session.created_at,
    Session.last_used_at,
)

LIST = ListSpec(
    sorts={"last_used_at": Session.last_used_at, "created_at": Session.id}, tie=Session.id, default="-last_used_at"
)


def page_of_sessions(connection: Connection, actor: Actor, user_id: uuid.UUID, query: Mapping[str, Any]) -> Page:
    """Return one page of a user's live sessions, the latest used first."""
    now = clock.now()
    is_current = (Session.id == actor.session_id).label("is_current")
    stmt = select(*_SESSION, is_current).where(
        Session.user_id == user_id, Session.ended_at.is_(None), Session.expires_at > now, Session.idles_at > now
    )
    return fetch_page(connection, stmt, LIST, query)


def account_by_identifier(connection: Connection, identifier: str) -> Row[Any] | None:
    """Return id, status, verification and password of the account with this e-mail or user name."""
    key = normal_form(identifier)
    stmt: Select[Any] = (
        select(*_ACCOUNT)
        .outerjoin(Credential, Credential.user_id == User.id)
        .where(or_(User.email_key == key, User.username_key == key))
    )
    return connection.execute(stmt).first()


def is_open(connection: Connection, user_id: uuid.UUID) -> bool:
    """Whether the owner of an account has proved the address."""
    stmt = select(User.id).where(
        User.id == user_id, User.status != UserStatus.INVITED, User.email_verified_at.is_not(None)
    )
    return connection.scalar(stmt) is not None


def unconfirmed_password(connection: Connection, email: str) -> str | None:
    """Return the stored hash of an open account whose address nobody has confirmed yet."""
    of_account = (User.email_key == normal_form(email), User.email_verified_at.is_(None))
    stmt = select(Credential.password_hash).join(User, User.id == Credential.user_id).where(*of_account)
    return connection.scalar(stmt)


def password_of(connection: Connection, user_id: uuid.UUID) -> Row[str, datetime] | None:
    """Return the stored hash of a user's password, and when the password was set."""
    stmt = select(Credential.password_hash, Credential.changed_at).where(Credential.user_id == user_id)
    return connection.execute(stmt).first()
