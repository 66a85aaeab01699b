"""Move whole sealed batches that are past their time to files, check the files, and drop the rows.

The triggers refuse DELETE to everyone; the owner of the tables puts them aside inside the one transaction that deletes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, insert, select, text, tuple_

from server.core import clock, trail as trails
from server.core.db import db, is_postgres, reading
from server.core.ids import new_id
from server.core.uow import command
from server.modules.audit import archives, canon, heads, keys
from server.modules.audit.models import AuditLeaf, AuditLog, AuditRetirement, AuditSeal

SEALS_A_FILE = 100
ROWS_AT_ONCE = 5_000  # are dropped in one transaction, for which writers of the log wait
_LOCK = 7_243_001  # of the advisory lock that keeps other machines from retiring at the same time
_EMPTIED = ("audit_logs", "audit_leaves")


class NotAsSealed(Exception):
    """The rows are not those that were sealed: they stay."""


class AlreadyRetiring(Exception):
    """Rows are being retired already, here or on another machine."""


def retire(*, older_than: timedelta, folder: Path) -> tuple[int, list[Path]]:
    """Retire what is older, oldest first; return how many rows, and the files that hold them now."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    count, files = 0, []
    with _alone():
        while seals := _due(reading(), clock.now() - older_than):
            path = folder / f"audit-{seals[0].number:09d}-{seals[-1].number:09d}.ndjson.gz"
            digest = _write(path, seals)
            count += sum(_drop(portion, path.name, digest) for portion in _portions(seals))
            files.append(path)
    return count, files


@contextmanager
def _alone() -> Iterator[None]:
    """Let one process retire at a time, on this machine by a file and on all by the database."""
    path = heads.path_of_file()
    with heads.alone_with(path.with_name(f"{path.name}.retiring")) as file, db.engine.connect() as connection:
        if file is None or not _takes_lock(connection):
            raise AlreadyRetiring("Rows are being retired already.")
        try:
            yield
        finally:
            # Given back in words: the server notices a closed session a moment later.
            if is_postgres(connection):
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
            connection.invalidate()


def _takes_lock(connection: Connection) -> bool:
    if not is_postgres(connection):
        return True
    connection.execution_options(isolation_level="AUTOCOMMIT")
    return bool(connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _LOCK}))


def _portions(seals: Sequence[Row[Any]]) -> Iterator[Sequence[Row[Any]]]:
    """Yield the seals in their order, as many at once as have about five thousand rows."""
    portion: list[Row[Any]] = []
    for seal in seals:
        if portion and sum(one.row_count for one in portion) + seal.row_count > ROWS_AT_ONCE:
            yield portion
            portion = []
        portion.append(seal)
    yield portion


def _due(connection: Connection, before: datetime) -> list[Row[Any]]:
    """Return the next seals, in their order, all of whose rows are old enough."""
    seals, leaves, marks = AuditSeal.__table__, AuditLeaf.__table__, AuditRetirement.__table__
    is_retired = exists().where(marks.c.seal_number == seals.c.number)
    stmt = select(seals).where(~is_retired).order_by(seals.c.number).limit(SEALS_A_FILE)
    due = []
    for seal in connection.execute(stmt).all():
        is_young = exists().where(leaves.c.seal_number == seal.number, leaves.c.at >= before)
        if seal.sealed_at >= before or connection.scalar(select(is_young)):
            break
        due.append(seal)
    return due


def _write(path: Path, seals: Sequence[Row[Any]]) -> str:
    """Write the file, read it again, and hold it against the seals; return its hash."""
    draft = path.with_name(f".{path.name}.{new_id()}")
    try:
        archives.write(draft, ((seal, _lines(seal)) for seal in seals))
        if list(archives.roots_in(draft)) != [(seal.number, seal.row_count, seal.root) for seal in seals]:
            raise NotAsSealed("The rows are not those that were sealed; `flask audit verify` names them.")
        archives.publish(draft, path)
        return archives.hash_of(path)
    finally:
        draft.unlink(missing_ok=True)


def _lines(seal: Any) -> Iterator[bytes]:
    logs, leaves = AuditLog.__table__, AuditLeaf.__table__
    stmt = (
        select(*(logs.c[name] for name in canon.COLUMNS[seal.format]))
        .join(leaves, (logs.c.id == leaves.c.audit_log_id) & (logs.c.at == leaves.c.at))
        .where(leaves.c.seal_number == seal.number)
        .order_by(leaves.c.position)
    )
    for row in reading().execute(stmt).all():
        yield canon.encode(row._mapping)


def _drop(seals: Sequence[Row[Any]], file_name: str, file_hash: str) -> int:
    """Drop the rows and leaves of these seals and mark them, in one transaction; return how many rows went."""
    first, last = seals[0].number, seals[-1].number
    with command("audit.retire", "audit_log") as unit:
        trails.current().values_after = {"first_seal": first, "last_seal": last}
        connection = unit.connection
        restore = _put_triggers_aside(connection)
        is_theirs = AuditLeaf.seal_number.between(first, last)
        theirs = select(AuditLeaf.audit_log_id, AuditLeaf.at).where(is_theirs)
        gone = connection.execute(delete(AuditLog).where(tuple_(AuditLog.id, AuditLog.at).in_(theirs))).rowcount
        connection.execute(delete(AuditLeaf).where(is_theirs))
        connection.execute(insert(AuditRetirement.__table__), [_mark(seal, file_name, file_hash) for seal in seals])
        for statement in restore:
            connection.execute(text(statement))
    return gone


def _put_triggers_aside(connection: Connection) -> list[str]:
    """Let rows be deleted until the statements returned are run; only the owner of the tables may."""
    if is_postgres(connection):
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        for table in _EMPTIED:
            connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER {table}_no_change"))
        return [f"ALTER TABLE {table} ENABLE TRIGGER {table}_no_change" for table in _EMPTIED]
    found = []
    for table in _EMPTIED:
        name = f"{table}_no_delete"
        found.append(connection.scalar(text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": name}))
        connection.execute(text(f"DROP TRIGGER {name}"))
    return [sql for sql in found if sql]


def _mark(seal: Any, file_name: str, file_hash: str) -> dict[str, Any]:
    mark = AuditRetirement(seal_number=seal.number, retired_at=clock.now(), file_name=file_name, file_hash=file_hash)
    mark.key_id, mark.signature = keys.present_id(), keys.sign("retirement", archives.mark_hash(seal, mark))
    names = ("seal_number", "retired_at", "file_name", "file_hash", "key_id", "signature")
    return {name: getattr(mark, name) for name in names}
