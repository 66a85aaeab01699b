"""Mailed single-use tokens: 256 random bits, stored as a hash, spent by one conditional UPDATE."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from datetime import timedelta

from sqlalchemy import ColumnElement, select, update

from server.core import clock
from server.core.db import db, reading
from server.core.errors import CodedMessage, Invalid
from server.modules.auth.models import OneTimeToken, Purpose


class LinkInvalid(Invalid):
    """This link was used before, has expired, or was never sent."""

    code = "link_invalid"

    def __init__(self) -> None:
        super().__init__({"token": [CodedMessage(self.default_message(), self.code)]})


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def issue_token(*, user_id: uuid.UUID, purpose: Purpose, life: timedelta) -> str:
    """Return a new token for the user; older ones of the same purpose die."""
    table = OneTimeToken.__table__
    db.session.execute(
        update(table)
        .where(table.c.user_id == user_id, table.c.purpose == purpose, table.c.used_at.is_(None))
        .values(used_at=clock.now())
    )
    token = secrets.token_urlsafe(32)
    row = OneTimeToken(user_id=user_id, purpose=purpose, token_hash=_hash(token), expires_at=clock.now() + life)
    db.session.add(row)
    return token


def _live(token: str, purpose: Purpose) -> tuple[ColumnElement[bool], ...]:
    table = OneTimeToken.__table__
    return (
        table.c.token_hash == _hash(token),
        table.c.purpose == purpose,
        table.c.used_at.is_(None),
        table.c.expires_at > clock.now(),
    )


def owner_of(token: str, purpose: Purpose) -> uuid.UUID:
    """Return whose live token this is, without spending it, or raise `LinkInvalid`."""
    owner: uuid.UUID | None = reading().scalar(select(OneTimeToken.user_id).where(*_live(token, purpose)))
    if owner is None:
        raise LinkInvalid
    return owner


def spend(token: str, purpose: Purpose) -> uuid.UUID:
    """Use the token up and return whose it was; of two who try at once one succeeds, the other gets `LinkInvalid`."""
    table = OneTimeToken.__table__
    use = update(table).where(*_live(token, purpose)).values(used_at=clock.now()).returning(table.c.user_id)
    owner: uuid.UUID | None = db.session.scalar(use)
    if owner is None:
        raise LinkInvalid
    return owner
