"""Run an import: piece by piece, one commit each, so that an interrupted one goes on where it stopped."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress

from sqlalchemy.exc import DataError, IntegrityError

from server.core import trail as trails
from server.core.db import reading
from server.core.errors import DomainError
from server.core.uow import command
from server.modules.fhir import queries, service
from server.modules.fhir.inputs import (
    ENCOUNTER,
    PATIENT,
    PRACTITIONER,
    Incoming,
    Input,
    Piece,
    Unreadable,
    kept,
    read_piece,
)
from server.modules.fhir.models import Reason
from server.modules.fhir.takers import TAKERS
from server.modules.fhir.tally import Tally

ACTION = "fhir.import"
_A_PAGE = 200

Watcher = Callable[[Input, int], None]


class _OnlyPretended(Exception):
    """Roll back: this was a dry run."""


def import_fhir(
    inputs: Iterable[Input], tally: Tally, *, is_dry: bool = False, on_read: Watcher = lambda _input, _bytes: None
) -> None:
    """Take in all inputs; then offer what was kept before to the rooms and people that are there now."""
    pretended: set[queries.Key] = set()
    for one in inputs:
        _take_input(one, tally, pretended if is_dry else None, on_read)
    if is_dry:
        return
    for kind in TAKERS:
        _offer_waiting(kind, tally)
    for kind, taker in TAKERS.items():
        if taker.subject is not None:
            _list_waiting(kind, taker.subject.unknown, tally)
    with command(ACTION, "import"):
        trails.current().values_after["totals"] = tally.as_counts()


def _take_input(one: Input, tally: Tally, pretended: set[queries.Key] | None, on_read: Watcher) -> None:
    try:
        digest = one.digest()
        progress = queries.progress_of(reading(), digest)
        # What was finished before is read again from its beginning: all of it is known, and is told so.
        is_kept = one.has_parts and pretended is None and (progress is None or progress.finished_at is None)
        start = progress.done if is_kept and progress is not None else 0
        done = 0
        for done, piece in enumerate(one.pieces(lambda n: on_read(one, n)), 1):
            if done > start:
                _take_piece(one, piece, tally, pretended, (digest, done) if is_kept else None)
    except (Unreadable, OSError) as error:
        tally.cannot_read(one.name, str(error))
        return
    if is_kept:
        with command(ACTION, "import") as unit:
            service.note_progress(unit.connection, input_digest=digest, name=one.name, done=done, is_finished=True)


def _take_piece(
    one: Input, piece: Piece, tally: Tally, pretended: set[queries.Key] | None, progress: tuple[str, int] | None
) -> None:
    contents = read_piece(piece, one)
    for place, why in contents.unreadable:
        tally.cannot_read(place, why)
    fresh = service.fresh_of(reading(), contents.resources, tally)
    if not fresh:
        return
    batch = service.Batch(fresh, Tally(tally.lines), is_dry=pretended is not None, pretended=pretended or set())
    try:
        with suppress(_OnlyPretended), command(ACTION, "patient") as unit:
            service.lock(unit.connection)
            service.take_in(unit.connection, batch)
            if pretended is not None:
                raise _OnlyPretended
            if progress:
                digest, done = progress
                service.note_progress(unit.connection, input_digest=digest, name=one.name, done=done, is_finished=False)
    except (IntegrityError, DataError, DomainError) as error:
        tally.cannot_read(piece.place, f"not stored: {type(error).__name__}")
        return
    tally.add(batch.tally)
    if pretended is not None:
        named = (PATIENT, PRACTITIONER, ENCOUNTER)
        pretended.update(key for key, known in batch.known.items() if key[1] in named and known.object_id)


def _offer_waiting(kind: str, tally: Tally) -> None:
    after: uuid.UUID | None = None
    while rows := queries.waiting(reading(), kind, after=after, most=_A_PAGE):
        after = rows[-1].id
        items = [kept("(kept)", row.source, row.resource_id, row.digest, row.body) for row in rows]
        ready = service.placeable(reading(), items)
        if ready:
            _offer(ready, {(item.key, item.digest): row.id for item, row in zip(items, rows, strict=True)}, tally)


def _offer(ready: list[Incoming], copy_ids: dict[tuple[queries.Key, str], uuid.UUID], tally: Tally) -> None:
    batch = service.Batch(ready, Tally(tally.lines))
    with command(ACTION, "patient") as unit:
        service.lock(unit.connection)
        service.take_in_waiting(unit.connection, batch, copy_ids)
    tally.add(batch.tally)


def _list_waiting(kind: str, why: Reason, tally: Tally) -> None:
    """List what still waits, from this run or an earlier one."""
    after: uuid.UUID | None = None
    while rows := queries.waiting(reading(), kind, after=after, most=_A_PAGE, reasons=[why], with_body=False):
        after = rows[-1].id
        for row in rows:
            tally.refuse("(kept)", kind, row.resource_id, why)
