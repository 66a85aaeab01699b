"""Answer a repeated POST once: the first answer is kept for 24 hours in the transaction of its effect.

Rivals with one key are kept apart before the lookup: by an advisory lock on PostgreSQL (the loser gets 409), by
BEGIN IMMEDIATE on SQLite (the loser waits and replays).
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Request, Response
from sqlalchemy import Connection, Index, LargeBinary, Row, String, Uuid, delete, insert, select, text
from sqlalchemy.orm import Mapped, mapped_column

from server.core import clock, trail as trails, uploads
from server.core.access import Actor
from server.core.columns import UTCDateTime
from server.core.db import Base, is_postgres
from server.core.declare import Declaration
from server.core.errors import Conflict, Invalid, refused

KEPT = timedelta(hours=24)
# Longer than any request lives.
_SURELY_KEPT = KEPT - timedelta(minutes=5)
_LONGEST_KEY = 200

ScopeCheck = Callable[[Connection, Actor, uuid.UUID], None]

_scope_checks: dict[str, ScopeCheck] = {}


class KeyReused(Invalid):
    """This Idempotency-Key was used for another request."""

    code = "idempotency_key_reused"


class KeyInProgress(Conflict):
    """The first request with this Idempotency-Key is still running."""

    code = "idempotency_in_progress"


class IdempotencyKey(Base):
    """The answer that was given for one user's key."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index("ix_idempotency_keys_created_at", "created_at"),)

    user_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    key: Mapped[str] = mapped_column(String(_LONGEST_KEY), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    location: Mapped[str | None] = mapped_column(String(500))
    etag: Mapped[str | None] = mapped_column(String(40))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    object_type: Mapped[str] = mapped_column(String(60))
    object_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


@dataclass(frozen=True)
class Claim:
    """A key as this request uses it."""

    user_id: uuid.UUID
    key: str
    fingerprint: str
    object_type: str


@dataclass(frozen=True)
class Kept:
    """The first answer, ready to be given again."""

    row: Row[Any]

    def check_scope(self, connection: Connection, actor: Actor) -> None:
        """Raise `NotFound` when what the answer shows has left the caller's scope since."""
        check = _scope_checks.get(self.row.object_type)
        if check and self.row.object_id:
            check(connection, actor, self.row.object_id)
        trails.current().about(self.row.object_id)

    def response(self) -> Response:
        """Return the first answer with `Idempotency-Replayed`."""
        response = Response(self.row.body, status=self.row.status, mimetype="application/json")
        response.headers["Idempotency-Replayed"] = "true"
        for name, value in (("Location", self.row.location), ("ETag", self.row.etag)):
            if value:
                response.headers[name] = value
        return response


def check_scope_with(object_type: str, check: ScopeCheck) -> None:
    """Register how the scope of an object type is checked again before an answer about it is replayed."""
    _scope_checks[object_type] = check


def claim_of(request: Request, declaration: Declaration, actor: Actor | None) -> Claim | None:
    """Return the claim of a request that carries a key, where keys are honoured."""
    key = request.headers.get("Idempotency-Key")
    if key is None or not declaration.idempotent or actor is None:
        return None
    if not 1 <= len(key) <= _LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise refused("Idempotency-Key", why=f"Expected 1 to {_LONGEST_KEY} printable ASCII characters.")
    body = uploads.digest() if declaration.upload else hashlib.sha256(request.get_data()).hexdigest()
    fingerprint = hashlib.sha256(f"{request.method} {request.full_path} {body}".encode()).hexdigest()
    return Claim(actor.user_id, key, fingerprint, declaration.object_type)


def is_answered(connection: Connection, claim: Claim) -> bool:
    """Whether `find` will have something to say on this key, however long this request takes; waits for nobody."""
    table = IdempotencyKey.__table__
    stmt = select(table.c.created_at).where(table.c.user_id == claim.user_id, table.c.key == claim.key)
    created_at = connection.execute(stmt).scalar()
    return created_at is not None and created_at >= clock.now() - _SURELY_KEPT


def find(connection: Connection, claim: Claim) -> Kept | None:
    """Take the key for this transaction and return the answer that it already has, if any."""
    if is_postgres(connection):
        lock = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")
        if not connection.execute(lock, {"name": f"{claim.user_id}|{claim.key}"}).scalar():
            raise KeyInProgress
    table = IdempotencyKey.__table__
    row = connection.execute(select(table).where(table.c.user_id == claim.user_id, table.c.key == claim.key)).first()
    if row is None:
        return None
    if row.created_at < clock.now() - KEPT:
        connection.execute(delete(table).where(table.c.user_id == claim.user_id, table.c.key == claim.key))
        return None
    if row.fingerprint != claim.fingerprint:
        raise KeyReused({"Idempotency-Key": ["Used before with another method, path or body."]})
    return Kept(row)


def keep(connection: Connection, claim: Claim, response: Response) -> None:
    """Store the answer beside its effect."""
    connection.execute(
        insert(IdempotencyKey.__table__).values(
            user_id=claim.user_id,
            key=claim.key,
            fingerprint=claim.fingerprint,
            status=response.status_code,
            location=response.headers.get("Location"),
            etag=response.headers.get("ETag"),
            body=response.get_data(),
            object_type=claim.object_type,
            object_id=trails.current().object_id,
            created_at=clock.now(),
        )
    )


def forget_old(connection: Connection) -> int:
    """Delete the keys that are past their 24 hours; return how many."""
    table = IdempotencyKey.__table__
    return connection.execute(delete(table).where(table.c.created_at < clock.now() - KEPT)).rowcount
