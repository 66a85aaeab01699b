"""Who calls, whether their session stands, what they may, and whether not too often."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

import jwt
from fastapi import Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from redis.asyncio import Redis
from sqlalchemy import select

from benchmarks.peer_fastapi.database import Session
from benchmarks.peer_fastapi.models import UserRole, UserSession, now

SECRET = os.environ["JWT_SECRET_KEY"]
PER_MINUTE = 1200 * int(os.environ.get("RATE_LIMITS_FACTOR", "1"))
KEPT_SECONDS = 10
GRANTS = {
    "patients:read": {"admin", "receptionist"},
    "appointments:book": {"admin", "receptionist", "nurse"},
}

redis = Redis.from_url(os.environ["REDIS_URL"], decode_responses=True)
bearer = HTTPBearer()


@dataclass
class User:
    """The caller."""

    id: uuid.UUID
    session_id: uuid.UUID
    roles: list[str]


async def current_user(credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)], session: Session) -> User:
    """Verify the token and ask Redis whether its session was revoked; the roles are kept there for a while."""
    try:
        claims = jwt.decode(
            credentials.credentials, SECRET, algorithms=["HS256"], audience="polyclinic-api", issuer="polyclinic"
        )
        user_id, session_id = uuid.UUID(claims["sub"]), uuid.UUID(claims["sid"])
    except (jwt.PyJWTError, KeyError, ValueError):
        raise HTTPException(401, "invalid_token") from None
    revoked, roles = await redis.mget(f"blocklist:{session_id}", f"peer:roles:{session_id}")
    if revoked:
        raise HTTPException(401, "invalid_token")
    if roles is None:
        roles = json.dumps(await find_roles(session, user_id, session_id))
        await redis.set(f"peer:roles:{session_id}", roles, ex=KEPT_SECONDS)
    return User(user_id, session_id, json.loads(roles))


async def find_roles(session: Session, user_id: uuid.UUID, session_id: uuid.UUID) -> list[str]:
    """Return the roles of whoever holds a live session, or raise 401."""
    live = await session.get(UserSession, session_id)
    if live is None or live.user_id != user_id or live.ended_at is not None or live.expires_at <= now():
        raise HTTPException(401, "invalid_token")
    return list(await session.scalars(select(UserRole.role).where(UserRole.user_id == user_id)))


async def limited_user(user: Annotated[User, Depends(current_user)]) -> User:
    """Count the caller's requests of this minute."""
    key = f"peer:rate:{user.id}:{int(time.time() // 60)}"
    async with redis.pipeline(transaction=False) as pipeline:
        pipeline.incr(key)
        pipeline.expire(key, 60)
        count, _ = await pipeline.execute()
    if count > PER_MINUTE:
        raise HTTPException(429, "rate_limited")
    return user


def allowed(permission: str) -> Callable[[User], Awaitable[User]]:
    """Return what lets those pass who hold a permission."""

    async def check(user: Annotated[User, Depends(limited_user)]) -> User:
        if not GRANTS[permission].intersection(user.roles):
            raise HTTPException(403, "forbidden")
        return user

    return check


Reader = Annotated[User, Depends(allowed("patients:read"))]
Booker = Annotated[User, Depends(allowed("appointments:book"))]
