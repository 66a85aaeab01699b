"""Seal committed rows in batches: hash them, sign the root, chain it to the seal before, tell a file outside.

Rows are read and hashed outside any transaction; one short one then stores a seal and its leaves. No lock is taken that
a writer of the log would wait for. docs/adr/0009 says why no late commit is lost.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Connection, Row, exists, insert, select, text
from sqlalchemy.exc import IntegrityError

from server.core import clock
from server.core.db import is_postgres, reading
from server.core.uow import unrecorded
from server.modules.audit import canon, heads, keys
from server.modules.audit.models import AuditLeaf, AuditLog, AuditSeal
from server.modules.audit.times import MARGIN, id_from, time_of

log = structlog.get_logger(__name__)

EVERY = 29.0  # seconds: due at each round of the jobs, which comes once a minute, but not whenever mail wakes them
BATCH = 1_000
_FIRST_ID = uuid.UUID(int=0)

# A transaction that has written has an id. Those that only read, such as a dump, hold nothing back.
_OLDEST_WRITER = text(
    "SELECT least("
    "(SELECT min(xact_start) FROM pg_stat_activity WHERE datname = current_database() AND backend_xid IS NOT NULL),"
    "(SELECT min(prepared) FROM pg_prepared_xacts WHERE database = current_database()))"
)


def seal_due(*, everything: bool = False) -> int:
    """Seal what was committed since the last seal, or all that has none, and return how many rows."""
    with heads.locked() as file:
        if file is None:
            return 0
        last = newest_seal(reading())
        heads.catch_up(file, reading(), last)
        after = _FIRST_ID if last is None or everything else id_from(last.horizon - MARGIN)
        sealed = 0
        while True:
            horizon = _horizon(reading())
            rows = _unsealed(reading(), after)
            if not rows or (seal := _store(rows, last, horizon)) is None:
                return sealed
            heads.append(file, seal)
            sealed, last, after = sealed + len(rows), seal, rows[-1].id
            if len(rows) < BATCH:
                return sealed


def newest_seal(connection: Connection) -> Row[Any] | None:
    """Return the last seal, or None before the first."""
    return connection.execute(select(AuditSeal.__table__).order_by(AuditSeal.number.desc()).limit(1)).first()


def _horizon(connection: Connection) -> datetime:
    """Return since when a row may still be committed: now, or when the oldest writing transaction began."""
    oldest = connection.scalar(_OLDEST_WRITER) if is_postgres(connection) else None
    return min(clock.now(), oldest) if oldest else clock.now()


def _unsealed(connection: Connection, after: uuid.UUID) -> Sequence[Row[Any]]:
    table = AuditLog.__table__
    is_sealed = exists().where(AuditLeaf.audit_log_id == AuditLog.id)
    stmt = select(*(table.c[name] for name in canon.COLUMNS[canon.FORMAT])).where(AuditLog.id > after, ~is_sealed)
    return connection.execute(stmt.order_by(AuditLog.id).limit(BATCH)).all()


def _store(rows: Sequence[Row[Any]], last: Any, horizon: datetime) -> Any:
    """Store the seal of these rows; None where another process has sealed meanwhile."""
    leaves = [canon.leaf(canon.encode(row._mapping)) for row in rows]
    if len(rows) == BATCH:  # more may wait behind these, and a crash must not hide them
        horizon = min(horizon, time_of(rows[-1].id) or horizon)
    seal = _seal(len(rows), canon.root(leaves), last, horizon)
    try:
        with unrecorded() as connection:
            connection.execute(insert(AuditSeal).values(**seal))
            connection.execute(insert(AuditLeaf.__table__), _leaves(rows, leaves, seal["number"]))
    except IntegrityError:
        log.info("sealed_elsewhere", seal=seal["number"])
        return None
    return AuditSeal(**seal)


def _seal(row_count: int, root: str, last: Any, horizon: datetime) -> dict[str, Any]:
    said: dict[str, Any] = {
        "format": canon.FORMAT,
        "number": last.number + 1 if last else 1,
        "sealed_at": clock.now(),
        "horizon": horizon,
        "row_count": row_count,
        "root": root,
        "previous_hash": last.hash if last else canon.NO_SEAL,
        "key_id": keys.present_id(),
    }
    digest = canon.seal_hash(said)
    return {**said, "hash": digest, "signature": keys.sign("seal", digest)}


def _leaves(rows: Sequence[Row[Any]], leaves: Sequence[bytes], number: int) -> list[dict[str, Any]]:
    return [
        {"audit_log_id": row.id, "at": row.at, "seal_number": number, "position": position, "hash": digest}
        for position, (row, digest) in enumerate(zip(rows, leaves, strict=True))
    ]
