"""Rules of sessions: opened at sign-in, rotated by one conditional UPDATE, ended for good."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, select, update

from server.core import clock, state, trail as trails
from server.core.access import Role
from server.core.db import db, reading
from server.core.errors import InvalidToken, NotFound, Unauthorized
from server.modules.auth import principals, tokens
from server.modules.auth.models import Session
from server.modules.auth.service import devices
from server.modules.notifications.enums import SecurityEvent
from server.modules.notifications.service import tell_of_security
from server.modules.users.models import User

TOKEN_REUSED_MAIL = "token_reused"  # noqa: S105 - the name of a mail


class TokenReused(Unauthorized):
    """This refresh token was used before; the session has been ended, sign in again."""

    code = "token_reused"
    keeps_changes = True

    def __init__(self) -> None:
        super().__init__(challenge='error="invalid_token"')


@dataclass(frozen=True)
class Device:
    """From where somebody signs in: the token of a known device, and whether the refresh token goes into a cookie."""

    user_agent: str
    address: str
    token: str | None = None
    wants_cookie: bool = False


@dataclass(frozen=True)
class Pair:
    """A session's tokens."""

    access_token: str
    expires_in: int
    refresh_token: str
    refresh_expires_in: int
    session_id: uuid.UUID
    device_token: str | None
    uses_cookie: bool


def _limits(roles: Iterable[Role]) -> tuple[timedelta, timedelta]:
    """Return the idle and the absolute limit: staff half an hour and half a day, patients two weeks and a month."""
    settings = state.settings()
    if set(roles) <= {Role.PATIENT}:
        return timedelta(days=settings.patient_idle_days), timedelta(days=settings.patient_session_days)
    return timedelta(minutes=settings.staff_idle_minutes), timedelta(hours=settings.staff_session_hours)


def owes_factor(roles: Iterable[Role]) -> bool:
    """Whether one of the roles makes a second factor a duty."""
    return not state.settings().mfa_roles.isdisjoint(roles)


def open_session(*, user: User, device: Device, device_id: uuid.UUID | None = None) -> Pair:
    """Begin a session, as long as the user's roles allow, on a known or a new device."""
    idle, whole = _limits(user.roles)
    now = clock.now()
    session = Session(
        user_id=user.id,
        idle_seconds=int(idle.total_seconds()),
        idles_at=now + idle,
        expires_at=now + whole,
        user_agent=device.user_agent[:300],
        address=device.address[:64],
        uses_cookie=device.wants_cookie,
        device_id=devices.remember(user.id, device_id),
    )
    db.session.add(session)
    db.session.flush()
    return _pair(session)


def _pair(session: Any) -> Pair:
    access, access_life = tokens.sign_access(session.user_id, session.id, until=session.expires_at)
    life = min(timedelta(seconds=session.idle_seconds), session.expires_at - clock.now())
    refresh, refresh_life = tokens.sign_refresh(session.user_id, session.id, generation=session.generation, life=life)
    device_token = devices.token_of(session.user_id, session.device_id) if session.device_id else None
    return Pair(access, access_life, refresh, refresh_life, session.id, device_token, session.uses_cookie)


def rotate(claims: tokens.RefreshClaims, *, from_cookie: bool = False) -> tuple[Pair, User]:
    """Exchange a refresh token for new tokens; a session of cookies takes it from the cookie, any other from the body.

    One conditional UPDATE decides who rotates. The immediate predecessor, within the grace, gets the current
    generation again (a browser with two tabs); anything older or later ends the session: `TokenReused`.
    """
    table = Session.__table__
    now = clock.now()
    is_live = (
        table.c.id == claims.session_id,
        table.c.ended_at.is_(None),
        table.c.expires_at > now,
        table.c.idles_at > now,
        table.c.uses_cookie == from_cookie,
    )
    rotated = db.session.scalar(
        update(table)
        .where(*is_live, table.c.generation == claims.generation)
        .values(generation=claims.generation + 1, rotated_at=now, last_used_at=now)
        .returning(table.c.id)
    )
    session = db.session.execute(
        select(table).where(*is_live, table.c.user_id == claims.user_id).with_for_update()
    ).first()
    user = db.session.get(User, claims.user_id)
    if session is None or user is None or user.status not in principals.MAY_ACT:
        raise InvalidToken
    trail = trails.current()
    trail.actor = principals.Principal(user.id, session.id, frozenset(user.roles)).actor()
    trail.actor_id = user.id
    trail.about(user.id)
    grace = timedelta(seconds=state.settings().refresh_grace_seconds)
    behind = session.generation - claims.generation
    # Asked for apart: a rival that waited for the row may have an earlier `now` than the one who rotated.
    is_late = rotated is None and (not grace or now - session.rotated_at > grace)
    if behind != 1 or is_late:
        end_where(table.c.id == session.id, reason="token_reused")
        tell_of_security(
            user_id=user.id,
            event=SecurityEvent.TOKEN_REUSED,
            source_type="session",
            source_id=session.id,
            mail=TOKEN_REUSED_MAIL,
        )
        raise TokenReused
    if rotated is not None:
        db.session.execute(
            update(table).where(table.c.id == session.id).values(idles_at=now + timedelta(seconds=session.idle_seconds))
        )
    return _pair(session), user


def uses_cookie(session_id: uuid.UUID) -> bool:
    """Whether the session keeps its refresh token in a cookie."""
    return bool(reading().scalar(select(Session.uses_cookie).where(Session.id == session_id)))


def end_where(*which: ColumnElement[bool], reason: str) -> list[uuid.UUID]:
    """End the live sessions that `which` selects, for good, and return their ids."""
    table = Session.__table__
    ended = db.session.scalars(
        update(table)
        .where(table.c.ended_at.is_(None), *which)
        .values(ended_at=clock.now(), end_reason=reason)
        .returning(table.c.id)
    ).all()
    principals.block(ended)
    return list(ended)


def end_session(*, user_id: uuid.UUID, session_id: uuid.UUID, reason: str) -> None:
    """End one of a user's sessions; again, it changes nothing."""
    table = Session.__table__
    owner = db.session.scalar(select(table.c.user_id).where(table.c.id == session_id))
    if owner != user_id:
        raise NotFound
    end_where(table.c.id == session_id, reason=reason)


def end_all(*, user_id: uuid.UUID, reason: str, but: uuid.UUID | None = None) -> None:
    """End all sessions of a user, or all but one."""
    table = Session.__table__
    which = [table.c.user_id == user_id]
    if but is not None:
        which.append(table.c.id != but)
    end_where(*which, reason=reason)


def on_deactivated(_sender: object, *, user: User) -> None:
    """End every session of a closed account."""
    end_all(user_id=user.id, reason="deactivated")


def on_authority_changed(_sender: object, *, user: User) -> None:
    """Have every session of the user ask anew what it may do, within the limits of its new roles.

    Whoever owes a second factor now, and has none, signs in again.
    """
    if not user.mfa_enabled and owes_factor(user.roles):
        end_all(user_id=user.id, reason="mfa_required")
        return
    idle, whole = _limits(user.roles)
    sessions = db.session.scalars(select(Session).where(Session.user_id == user.id, Session.ended_at.is_(None))).all()
    for session in sessions:
        session.idle_seconds = min(session.idle_seconds, int(idle.total_seconds()))
        session.idles_at = min(session.idles_at, session.last_used_at + idle)
        session.expires_at = min(session.expires_at, session.created_at + whole)
    principals.forget(session.id for session in sessions)
