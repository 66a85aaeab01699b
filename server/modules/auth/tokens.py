"""Sign and read tokens with Flask-JWT-Extended: one algorithm, named keys, no roles and no personal data inside."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt as pyjwt
from flask import Flask
from flask_jwt_extended import JWTManager, create_access_token, create_refresh_token, decode_token
from flask_jwt_extended.exceptions import JWTExtendedException

from server.core import clock, state
from server.core.errors import InvalidToken
from server.core.fields import MAX_INT
from server.modules.auth import keys
from server.modules.auth.passwords import init_passwords
from server.modules.auth.verified import Access

_FOREIGN_KEY_HEADERS = {"jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "crit"}

jwt_manager = JWTManager()


@dataclass(frozen=True)
class RefreshClaims:
    """What a refresh token says."""

    user_id: uuid.UUID
    session_id: uuid.UUID
    generation: int


def init_tokens(app: Flask) -> None:
    """Configure the token library; authority is never in a token, so a demotion acts at once."""
    settings = app.extensions["settings"]
    app.extensions["keys"] = keys.load(settings)
    app.config.update(
        JWT_ALGORITHM=settings.jwt_algorithm,
        JWT_DECODE_ALGORITHMS=[settings.jwt_algorithm],
        JWT_TOKEN_LOCATION=["headers"],
        JWT_ENCODE_ISSUER=settings.jwt_issuer,
        JWT_DECODE_ISSUER=settings.jwt_issuer,
        JWT_ENCODE_AUDIENCE=settings.jwt_audience,
        JWT_DECODE_AUDIENCE=settings.jwt_audience,
        JWT_ENCODE_NBF=True,
        JWT_COOKIE_CSRF_PROTECT=False,  # tokens travel in headers; without this each carries a claim for cookies
    )
    jwt_manager.init_app(app)
    init_passwords(app)


@jwt_manager.encode_key_loader
def _signing_key(_identity: str) -> Any:
    """Return the key that signs."""
    return keys.ring().signs


@jwt_manager.decode_key_loader
def _key_for(headers: dict[str, Any], _claims: dict[str, Any]) -> Any:
    """Return our key that a token names; a token that brings or names another is refused."""
    name = headers.get("kid")
    key = keys.ring().accepted.get(name) if isinstance(name, str) else None
    if key is None or _FOREIGN_KEY_HEADERS & headers.keys() or headers.get("typ") != "JWT":
        raise pyjwt.InvalidTokenError("foreign key")
    return key.verifies


def sign_access(user_id: uuid.UUID, session_id: uuid.UUID, *, until: datetime) -> tuple[str, int]:
    """Return an access token and its life in seconds, at most until the session ends."""
    life = min(timedelta(minutes=state.settings().access_token_minutes), until - clock.now())
    return _sign(create_access_token, user_id, session_id, life, {}), int(life.total_seconds())


def sign_refresh(user_id: uuid.UUID, session_id: uuid.UUID, *, generation: int, life: timedelta) -> tuple[str, int]:
    """Return a refresh token of a generation and its life in seconds."""
    return _sign(create_refresh_token, user_id, session_id, life, {"gen": generation}), int(life.total_seconds())


def _sign(make: Any, user_id: uuid.UUID, session_id: uuid.UUID, life: timedelta, more: dict[str, Any]) -> str:
    signed: str = make(
        str(user_id),
        expires_delta=life,
        additional_claims={"sid": str(session_id), **more},
        additional_headers={"kid": keys.ring().signing_id},
    )
    return signed


def read_refresh(token: str) -> RefreshClaims:
    """Return what a refresh token says, or raise `InvalidToken`."""
    claims = read(token)
    generation = claims.get("gen")
    if claims.get("type") != "refresh" or type(generation) is not int or not 1 <= generation <= MAX_INT:
        raise InvalidToken
    return RefreshClaims(*session_of(claims), generation)


def read(token: str) -> dict[str, Any]:
    """Return the claims of a well-signed token of either type, or raise `InvalidToken`."""
    try:
        claims: dict[str, Any] = decode_token(token)
    except (pyjwt.PyJWTError, JWTExtendedException, ValueError):
        raise InvalidToken from None
    return claims


def access_of(claims: dict[str, Any]) -> Access:
    """Return what the claims of a verified access token say, or raise `InvalidToken`."""
    user_id, session_id = session_of(claims)
    # Such times are compared as the library compares them: as whole seconds.
    valid_from = max(int(claims.get("nbf", 0)), int(claims.get("iat", 0)))
    if "exp" not in claims:
        raise InvalidToken
    return Access(user_id, session_id, valid_from, int(claims["exp"]))


def session_of(claims: dict[str, Any]) -> tuple[uuid.UUID, uuid.UUID]:
    """Return the user and session that a token's claims name, or raise `InvalidToken`."""
    try:
        return uuid.UUID(claims["sub"]), uuid.UUID(claims["sid"])
    except (KeyError, ValueError, TypeError, AttributeError):
        raise InvalidToken from None
