"""Mailed single-use tokens: 256 random bits, stored as a hash, spent by one conditional UPDATE.

A link is worth what its mailbox is: it opens nothing once its account has another address than the one it went to.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, Row, select, update

from server.core import clock, state
from server.core.db import db, reading
from server.core.errors import CodedMessage, Invalid
from server.modules.auth.models import OneTimeToken, Purpose
from server.modules.users import service as users
from server.modules.users.models import User

_table = OneTimeToken.__table__


class LinkInvalid(Invalid):
    """This link was used before, has expired, or was never sent."""

    code = "link_invalid"

    def __init__(self) -> None:
        super().__init__({"token": [CodedMessage(self.default_message(), self.code)]})


@dataclass(frozen=True)
class Link:
    """What a mailed token opens: whose account, for what, which chart beside it, and to which address it went."""

    user_id: uuid.UUID
    purpose: Purpose
    subject_id: uuid.UUID | None
    email: str


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def life_of(purpose: Purpose) -> timedelta:
    """Return how long a link of this purpose lives."""
    settings = state.settings()
    if purpose == Purpose.RESET:
        return timedelta(minutes=settings.reset_minutes)
    if purpose in (Purpose.INVITATION, Purpose.PORTAL):
        return timedelta(hours=settings.invitation_hours)
    return timedelta(hours=settings.verification_hours)


def issue_token(*, user_id: uuid.UUID, purpose: Purpose, email: str, subject_id: uuid.UUID | None = None) -> str:
    """Return a new token to be mailed to `email`; older ones of the same purpose (and subject, if any) die."""
    if subject_id is None:
        revoke(user_id, purpose)
    else:
        revoke_for(subject_id, purpose)
    token = secrets.token_urlsafe(32)
    row = OneTimeToken(
        user_id=user_id,
        purpose=purpose,
        subject_id=subject_id,
        email=email,
        token_hash=_hash(token),
        expires_at=clock.now() + life_of(purpose),
    )
    db.session.add(row)
    return token


def frontend_link(path: str, token: str) -> str:
    """Return the address that a mail shows; it comes from the settings alone, never from a request."""
    return f"{state.settings().frontend_url.rstrip('/')}/{path}?{urlencode({'token': token})}"


def revoke(user_id: uuid.UUID, *purposes: Purpose) -> None:
    """Have the user's live tokens of these purposes die."""
    _kill(_table.c.user_id == user_id, _table.c.purpose.in_(purposes))


def revoke_for(subject_id: uuid.UUID, purpose: Purpose) -> None:
    """Have the live tokens of this purpose that open `subject_id` die, whosever they are."""
    _kill(_table.c.subject_id == subject_id, _table.c.purpose == purpose)


def _kill(*which: ColumnElement[bool]) -> None:
    db.session.execute(update(_table).where(*which, _table.c.used_at.is_(None)).values(used_at=clock.now()))


def _live(token: str, purposes: tuple[Purpose, ...]) -> tuple[ColumnElement[bool], ...]:
    return (
        _table.c.token_hash == _hash(token),
        _table.c.purpose.in_(purposes),
        _table.c.used_at.is_(None),
        _table.c.expires_at > clock.now(),
    )


_LINK = (_table.c.user_id, _table.c.purpose, _table.c.subject_id, _table.c.email)


def look_at(token: str, *purposes: Purpose) -> Link:
    """Return what a live token of one of these purposes opens, without spending it, or raise `LinkInvalid`."""
    found = reading().execute(select(*_LINK).where(*_live(token, purposes))).first()
    return _link(found)


def use(token: str, *purposes: Purpose) -> tuple[Link, User]:
    """Use the token up and return what it opens and its owner, the row locked; of two at once one succeeds.

    The owner is locked before the token: whoever has mails written or passwords changed takes them in this order too.
    """
    owner = db.session.scalar(select(_table.c.user_id).where(*_live(token, purposes)))
    if owner is None:
        raise LinkInvalid
    user = users.get_for_update(owner)
    spent = update(_table).where(*_live(token, purposes)).values(used_at=clock.now()).returning(*_LINK)
    link = _link(db.session.execute(spent).first())
    if link.purpose != Purpose.EMAIL_CHANGE and link.email != user.email:
        raise LinkInvalid
    return link, user


def _link(found: Row[*tuple[Any, ...]] | None) -> Link:
    # Without an address it is from before links were bound to one.
    if found is None or found.email is None:
        raise LinkInvalid
    return Link(found.user_id, Purpose(found.purpose), found.subject_id, found.email)


def on_deactivated(_sender: object, *, user: User) -> None:
    """Have every link of a closed account die."""
    revoke(user.id, *Purpose)
