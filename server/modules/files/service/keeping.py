"""Take files in, keep those that somebody refers to, hand them out, and remove the others.

A file is staged first (its row is there before its bytes are), then its bytes are stored, both outside any
transaction: a slow disk or bucket holds no lock. It is kept in the transaction of the row that refers to it. What is
still staged an hour later belongs to a transaction that never came, and is dropped.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy import Connection, delete, insert, select, update

from server.core import clock, jobs, state
from server.core.db import close_reading, db, reading
from server.core.errors import DomainError, Unavailable
from server.core.ids import new_id
from server.core.storage import new_key
from server.core.uow import after_commit, command
from server.core.uploads import Upload
from server.modules.files.enums import FileStatus, MediaType, Scan
from server.modules.files.errors import FileInfected, ScanPending
from server.modules.files.models import StoredFile
from server.modules.files.service.images import preview_of
from server.modules.files.service.kinds import kind_of

# Longer than any request lives.
_ABANDONED = timedelta(hours=1)
_AT_ONCE = 100


def take_in(upload: Upload, *, uploaded_by: uuid.UUID, field: str = "file") -> uuid.UUID:
    """Judge a file and store it with its preview; return its id, to be kept by whoever refers to it.

    A 422 blames `field`. Called before the unit of work.
    """
    media_type = kind_of(upload, field=field)
    preview = None if media_type == MediaType.PDF else preview_of(upload.content, media_type, field=field)
    file_id, key, preview_key = new_id(), new_key(), new_key() if preview else None
    reading().execute(
        insert(StoredFile.__table__).values(
            id=file_id,
            storage_key=key,
            preview_key=preview_key,
            name=upload.name,
            media_type=media_type,
            size=upload.size,
            sha256=upload.sha256,
            status=FileStatus.STAGED,
            scan=Scan.PENDING if state.settings().clamd_url else Scan.UNSCANNED,
            uploaded_by=uploaded_by,
            created_at=clock.now(),
        )
    )
    close_reading()
    upload.content.seek(0)
    state.storage().put(key, upload.content)
    if preview and preview_key:
        state.storage().put(preview_key, preview)
    return file_id


def keep(file_id: uuid.UUID) -> StoredFile:
    """Keep a staged file, in the transaction of the row that refers to it."""
    found = db.session.get(StoredFile, file_id, with_for_update=True)
    if found is None or found.status != FileStatus.STAGED:
        raise Unavailable
    found.status = FileStatus.KEPT
    db.session.flush()
    if found.scan == Scan.PENDING:
        after_commit(jobs.wake)
    return found


def require_harmless(scan: str) -> None:
    """Raise `ScanPending` or `FileInfected` unless a file of this scan may be handed out."""
    if scan == Scan.PENDING:
        raise ScanPending
    if scan == Scan.INFECTED:
        raise FileInfected


def drop_abandoned() -> int:
    """Remove the files that nobody came to keep; return how many.

    A row is dropped before its bytes are removed, and goes after them: whatever ends this, the next run goes on.
    """
    table = StoredFile.__table__
    is_abandoned = (table.c.status == FileStatus.STAGED, table.c.created_at < clock.now() - _ABANDONED)
    with command("files.drop_abandoned", "file") as unit:
        unit.connection.execute(update(table).where(*is_abandoned).values(status=FileStatus.DROPPED))
    found = reading().execute(
        select(table.c.id, table.c.storage_key, table.c.preview_key)
        .where(table.c.status == FileStatus.DROPPED)
        .order_by(table.c.id)
        .limit(_AT_ONCE)
    )
    rows = found.all()
    close_reading()
    return sum(_removed(row.id, row.storage_key, row.preview_key) for row in rows)


def _removed(file_id: uuid.UUID, *keys: str | None) -> bool:
    try:
        for key in filter(None, keys):
            state.storage().remove(key)
    except DomainError:
        return False  # the storage is away and has said so in the log; the next run tries again
    _forget(reading(), file_id)
    close_reading()
    return True


def _forget(connection: Connection, file_id: uuid.UUID) -> None:
    table = StoredFile.__table__
    connection.execute(delete(table).where(table.c.id == file_id, table.c.status == FileStatus.DROPPED))
