"""Have the files scanned that wait for it; until then nobody gets them."""

from __future__ import annotations

import uuid

import structlog
from sqlalchemy import select, update

from server.core import clock, state, trail as trails
from server.core.db import close_reading, reading
from server.core.errors import DomainError
from server.core.uow import command
from server.modules.files import signals
from server.modules.files.enums import FileStatus, Scan
from server.modules.files.models import StoredFile
from server.modules.files.service import clamav

log = structlog.get_logger(__name__)

_AT_ONCE = 200


def scan_pending() -> int:
    """Scan the files that wait, those first that were not tried for longest; return how many have their verdict now.

    A scanner that is away ends this: the files wait for the next run. One file that it cannot scan waits alone, behind
    those that have yet to be tried.
    """
    url = state.settings().clamd_url
    if url is None:
        return 0
    table = StoredFile.__table__
    waiting = (
        select(table.c.id, table.c.storage_key)
        .where(table.c.scan == Scan.PENDING, table.c.status == FileStatus.KEPT)
        .order_by(table.c.scan_tried_at.nulls_first(), table.c.id)
        .limit(_AT_ONCE)
    )
    rows = reading().execute(waiting).all()
    close_reading()
    done = 0
    for row in rows:
        try:
            with state.storage().open(row.storage_key) as content:
                verdict = clamav.scan(url, content)
        except clamav.ScannerAway as error:
            log.warning("scanner_away", error=type(error.__cause__ or error).__name__)
            _note_try(row.id)
            return done
        except (clamav.NotScanned, DomainError) as error:
            log.error("file_not_scanned", file_id=str(row.id), error=str(error))
            _note_try(row.id)
            continue
        done += _note(row.id, verdict)
    return done


def _note_try(file_id: uuid.UUID) -> None:
    """Have the others come first in the next run: this may be the file over which the scanner falls."""
    table = StoredFile.__table__
    reading().execute(update(table).where(table.c.id == file_id).values(scan_tried_at=clock.now()))
    close_reading()


def _note(file_id: uuid.UUID, verdict: clamav.Verdict) -> bool:
    """Write down a verdict, unless another process has; who refers to an infected file hears of it."""
    table = StoredFile.__table__
    said = Scan.INFECTED if verdict.signature else Scan.CLEAN
    with command("files.scan", "file") as unit:
        trails.current().about(file_id)
        noted = unit.connection.execute(
            update(table)
            .where(table.c.id == file_id, table.c.scan == Scan.PENDING)
            .values(scan=said, scanned_at=clock.now())
        )
        if noted.rowcount and verdict.signature:
            log.warning("file_infected", file_id=str(file_id), signature=verdict.signature)
            signals.infected.send(None, file_id=file_id)
    return bool(noted.rowcount)
