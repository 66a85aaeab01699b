"""Find out who calls: the token names a session; what its user may do now comes from SQL, or from Redis's copy of it.

Redis holds, per session, a blocklist entry and the principal; one trip asks for both, and counts the request of a
session that lives for its rate limit (ADR 13). The principal is kept by session, so a hit proves that SQL was asked
about this very session; a miss, or no Redis, asks SQL. Before authority changes, a mark takes the place of the copy for
a minute, and copies are only ever added where nothing stands: a reader that was slow cannot put back what has just been
taken away.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import jwt as pyjwt
import orjson
from flask import g
from flask_jwt_extended import verify_jwt_in_request
from flask_jwt_extended.exceptions import JWTExtendedException, NoAuthorizationError
from sqlalchemy import Select, func, select

from server.core import clock, limits, state
from server.core.access import Actor, Role
from server.core.db import reading
from server.core.errors import InvalidToken, Unauthorized
from server.core.here import the_request, things
from server.core.store import Store, StoreDown
from server.core.uow import after_commit
from server.modules.auth import keys
from server.modules.auth.models import Session
from server.modules.auth.tokens import access_of, jwt_manager, session_of
from server.modules.auth.verified import Access
from server.modules.users.enums import UserStatus
from server.modules.users.models import User, UserRole

KEPT_SECONDS = 10
MARK_SECONDS = 60
_MARK = "ask-sql"
MAY_ACT = (UserStatus.ACTIVE, UserStatus.LOCKED)


@dataclass(frozen=True)
class Principal:
    """Who holds a live session and what they are."""

    user_id: uuid.UUID
    session_id: uuid.UUID
    roles: frozenset[Role]

    def actor(self) -> Actor:
        """Return the principal as who makes this request."""
        return Actor(self.user_id, self.session_id, self.roles, state.grid())


def authenticate() -> Actor:
    """Return the caller of this request, or raise 401; the scheme's name is taken in any case (RFC 9110)."""
    environ = the_request().environ
    scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    is_bearer = scheme.lower() == "bearer"
    verified = keys.ring().verified
    access = verified.find(token) if is_bearer else None
    if access is not None:
        principal = live_principal(access.user_id, access.session_id)
        if principal is None:
            raise InvalidToken
    else:
        if is_bearer:
            environ["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        access, principal = _verify()
        if is_bearer:
            verified.keep(token, access)
    things().access = access
    return principal.actor()


def access() -> Access:
    """Return what the access token of this request says."""
    said: Access = g.access
    return said


def _verify() -> tuple[Access, Principal]:
    """Have the library check the token of this request with every rule, its session included."""
    try:
        checked = verify_jwt_in_request()
    except NoAuthorizationError:
        raise Unauthorized from None
    except (JWTExtendedException, pyjwt.PyJWTError, ValueError):
        raise InvalidToken from None
    if checked is None:  # of a method that the library exempts; none of ours is
        raise Unauthorized
    principal: Principal = g.principal
    return access_of(checked[1]), principal


@jwt_manager.token_in_blocklist_loader
def _is_revoked(_headers: dict[str, Any], claims: dict[str, Any]) -> bool:
    user_id, session_id = session_of(claims)
    # The library refuses refresh tokens here, but lets types pass that it does not know.
    principal = live_principal(user_id, session_id) if claims.get("type") == "access" else None
    if principal is None:
        return True
    g.principal = principal
    return False


def live_principal(user_id: uuid.UUID, session_id: uuid.UUID) -> Principal | None:
    """Return the principal of a live session, or None when it has ended or its user may not act."""
    store = state.store()
    if store is None:
        return _from_sql(user_id, session_id)
    try:
        blocked, copy = _ask(store, user_id, session_id)
    except StoreDown:
        return _from_sql(user_id, session_id)
    if blocked:
        return None
    if copy and copy != _MARK:
        kept = orjson.loads(copy)
        if kept["user_id"] == str(user_id):
            return Principal(user_id, session_id, frozenset(Role(role) for role in kept["roles"]))
    principal = _from_sql(user_id, session_id)
    if principal is not None and copy != _MARK:
        _keep(principal)
    return principal


# Counted is only who is known to be let in: nobody uses up another's limit with what is left of an ended session.
_FIND_AND_COUNT = """
local found = redis.call('MGET', KEYS[1], KEYS[2])
if found[1] or not found[2] or found[2] == ARGV[1] then
    return {found[1], found[2], false}
end
local count = redis.call('INCR', KEYS[3])
if count == 1 then
    redis.call('EXPIRE', KEYS[3], ARGV[2])
end
return {false, found[2], count}
"""


def _ask(store: Store, user_id: uuid.UUID, session_id: uuid.UUID) -> tuple[str | None, str | None]:
    """Return the blocklist entry and the copy of a session and, where its limit is asked for next, count there too."""
    names = [_blocklist(session_id), _copy(session_id)]
    counter = limits.counter_of(user_id)
    if counter is None:
        blocked, copy = store.get_many(names)
    else:
        arguments = (_MARK, counter.seconds)
        blocked, copy, counter.count = store.run(_FIND_AND_COUNT, [*names, counter.key], arguments)
    return blocked, copy


def _statement(user_id: uuid.UUID, session_id: uuid.UUID) -> Select[Any]:
    roles = (
        select(func.aggregate_strings(UserRole.role, ","))
        .where(UserRole.user_id == User.id)
        .correlate(User)
        .scalar_subquery()
    )
    return (
        select(User.id, roles.label("roles"))
        .join(Session, Session.user_id == User.id)
        .where(
            Session.id == session_id,
            User.id == user_id,
            Session.ended_at.is_(None),
            Session.expires_at > clock.now(),
            User.status.in_(MAY_ACT),
        )
    )


def _from_sql(user_id: uuid.UUID, session_id: uuid.UUID) -> Principal | None:
    row = reading().execute(_statement(user_id, session_id)).first()
    if row is None:
        return None
    roles = frozenset(Role(role) for role in (row.roles or "").split(",") if role)
    return Principal(user_id, session_id, roles)


def _keep(principal: Principal) -> None:
    value = orjson.dumps({"user_id": principal.user_id, "roles": sorted(principal.roles)}).decode()
    store = state.store()
    # A copy that was not made is asked of SQL.
    if store is not None:
        with suppress(StoreDown):
            store.put(_copy(principal.session_id), value, seconds=KEPT_SECONDS)


def forget(session_ids: Iterable[uuid.UUID]) -> None:
    """Have the next request of these sessions ask SQL; call it before the change is committed."""
    _mark([_copy(session_id) for session_id in session_ids], _MARK, MARK_SECONDS)


def block(session_ids: Iterable[uuid.UUID]) -> None:
    """Refuse these sessions from now on; SQL, which the running unit of work has changed, is the truth."""
    ids = list(session_ids)
    forget(ids)
    seconds = state.settings().access_token_minutes * 60 + 60
    names = [_blocklist(session_id) for session_id in ids]
    after_commit(lambda: _put_marks(names, "1", seconds))


def _mark(names: list[str], value: str, seconds: int) -> None:
    """Put the marks now, and once more when the change is committed."""
    _put_marks(names, value, seconds)
    after_commit(lambda: _put_marks(names, value, seconds))


def _put_marks(names: list[str], value: str, seconds: int) -> None:
    store = state.store()
    if store is not None and names:
        with suppress(StoreDown):
            store.mark(names, value, seconds=seconds)


def _blocklist(session_id: uuid.UUID) -> str:
    return f"blocklist:{session_id}"


def _copy(session_id: uuid.UUID) -> str:
    return f"principal:{session_id}"
