"""Rules of taking FHIR resources in: each copy kept once, placed where there is a room, never twice."""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, insert, text, update

from server.core import clock, trail as trails
from server.core.db import db, is_postgres
from server.core.ids import new_id
from server.modules.fhir import linking, queries
from server.modules.fhir.inputs import ENCOUNTER, PRACTITIONER, Incoming, wished_id
from server.modules.fhir.linking import PRETENDED
from server.modules.fhir.mapping.people import NPI
from server.modules.fhir.mapping.reading import Mapped, NotPlaced
from server.modules.fhir.models import OF_NOBODY_KNOWN, FhirResource, ImportProgress, Reason
from server.modules.fhir.queries import Key, Known
from server.modules.fhir.takers import PATIENT, TAKERS, Taker
from server.modules.fhir.tally import ADDED, CHANGED, UNCHANGED, VOIDED, Tally

# Levels above 1 save a tenth of the room and take twice the time.
_DEFLATE = 1
# Two imports at once wait for each other, piece by piece; the number only has to be the same everywhere.
_LOCK = "SELECT pg_advisory_xact_lock(7236520)"

# What a source says of an entry that it takes back.
_TAKEN_BACK = (Reason.ENTERED_IN_ERROR, Reason.REFUTED, Reason.NOT_IN_FORCE)

_table = FhirResource.__table__


@dataclass
class _Placing:
    """One resource on its way, and what becomes of it."""

    item: Incoming
    reason: Reason | None = None
    object_type: str | None = None
    object_id: uuid.UUID | None = None


@dataclass
class Batch:
    """The resources of one unit of work; `pretended` are the people that a dry run would have added before."""

    items: list[Incoming]
    tally: Tally
    is_dry: bool = False
    known: dict[Key, Known] = field(default_factory=dict)
    pretended: set[Key] = field(default_factory=set)
    patients: set[uuid.UUID] = field(default_factory=set)
    told_of: dict[str, set[uuid.UUID]] = field(default_factory=dict)
    # Visits that were added, and by condition those that name it among their diagnoses.
    visits: dict[Key, uuid.UUID] = field(default_factory=dict)
    named_by: dict[Key, Key] = field(default_factory=dict)


def fresh_of(connection: Connection, items: Sequence[Incoming], tally: Tally) -> list[Incoming]:
    """Return the resources that were never received as they are now, each once; the others are counted."""
    known = _known(connection, items)
    fresh: dict[tuple[Key, str], Incoming] = {}
    for item in items:
        copies = known[item.key].copies if item.key in known else {}
        if item.digest not in copies:
            if fresh.setdefault((item.key, item.digest), item) is not item:
                _count_known(item, None, tally)
        else:
            _count_known(item, copies[item.digest], tally)
    return list(fresh.values())


def _count_known(item: Incoming, reason: str | None, tally: Tally) -> None:
    if reason is not None:
        # Those that wait for their subject are listed at the end of the run, when more of them are there.
        if reason not in OF_NOBODY_KNOWN:
            tally.refuse(item.place, item.resource_type, item.resource_id, reason, "as before")
    elif item.resource_type in TAKERS:
        tally.count(item.resource_type, UNCHANGED)
    else:
        tally.refuse(item.place, item.resource_type, item.resource_id, Reason.NO_ROOM, "the same again")


def _known(connection: Connection, items: Sequence[Incoming]) -> dict[Key, Known]:
    ids: dict[str, set[str]] = {}
    for item in items:
        ids.setdefault(item.source, set()).add(item.resource_id)
        for source, _, other_id in _others(item):
            ids.setdefault(source, set()).add(other_id)
    found = queries.known_of(connection, ids)
    # The licence number of a doctor who came from a Practitioner is the NPI, by which others may refer to them.
    npis = {number for item in items for system, kind, number in _others(item) if (system, kind) == (NPI, PRACTITIONER)}
    for number, doctor_id in queries.doctors_by_licence(connection, npis).items():
        found[NPI, PRACTITIONER, number] = Known(object_id=doctor_id)
    return found


def _others(item: Incoming) -> Iterator[Key]:
    """Yield whom and what a resource names."""
    yield from item.subjects
    for keys in item.links.values():
        yield from keys


def lock(connection: Connection) -> None:
    """Wait for another import's piece to be committed; SQLite's writers wait for each other anyway."""
    if is_postgres(connection):
        connection.execute(text("SET LOCAL lock_timeout = '60s'"))
        connection.execute(text("SET LOCAL statement_timeout = '60s'"))
        connection.execute(text(_LOCK))


def take_in(connection: Connection, batch: Batch) -> None:
    """Place what has a room and keep everything as received."""
    batch.known = _known(connection, batch.items)
    # Looked at again under the lock: another import may have brought them since.
    fresh = [item for item in batch.items if item.digest not in batch.known.get(item.key, Known()).copies]
    _pretend(batch)
    rows = []
    for placing in _place(batch, fresh):
        item = placing.item
        rows.append(
            {
                "id": new_id(),
                "source": item.source,
                "resource_type": item.resource_type,
                "resource_id": item.resource_id,
                "digest": item.digest,
                "body": zlib.compress(item.body, _DEFLATE),
                "received_at": clock.now(),
                **_fate(placing),
            }
        )
    if rows:
        with _telling(connection, batch):
            db.session.execute(insert(_table), rows)
    _tell(batch)


def take_in_waiting(connection: Connection, batch: Batch, copy_ids: Mapping[tuple[Key, str], uuid.UUID]) -> None:
    """Place what was kept, where its room or its subject is there by now."""
    batch.known = _known(connection, batch.items)
    current = []
    for item in batch.items:
        known, copy_id = batch.known[item.key], copy_ids[item.key, item.digest]
        if known.placed_copy is not None and known.placed_copy > copy_id:
            _renew(_Placing(item, Reason.SUPERSEDED), copy_id)
        else:
            current.append(item)
    placings = list(_place(batch, current))
    with _telling(connection, batch):
        for placing in placings:
            _renew(placing, copy_ids[placing.item.key, placing.item.digest])
    _tell(batch)


def _telling(connection: Connection, batch: Batch) -> ExitStack:
    """Let the rooms of what only tells of its subject see what is told before and after it is stored."""
    stack = ExitStack()
    for kind, object_ids in batch.told_of.items():
        telling = TAKERS[kind].telling
        if telling is not None:
            stack.enter_context(telling(connection, object_ids))
    return stack


def _renew(placing: _Placing, copy_id: uuid.UUID) -> None:
    db.session.execute(update(_table).where(_table.c.id == copy_id).values(**_fate(placing)))


def _fate(placing: _Placing) -> dict[str, Any]:
    return {"reason": placing.reason, "object_type": placing.object_type, "object_id": placing.object_id}


def _pretend(batch: Batch) -> None:
    for key in batch.pretended:
        batch.known.setdefault(key, Known(object_id=PRETENDED))


def _place(batch: Batch, items: Sequence[Incoming]) -> Iterator[_Placing]:
    """Yield what becomes of each: room by room, and of several copies of one resource the earlier first."""
    for copies in _rounds(items):
        for kind, taker in TAKERS.items():
            yield from _offer(batch, taker, [item for item in copies if item.resource_type == kind])
            if kind == ENCOUNTER and batch.visits:
                _link(batch)
        for item in copies:
            if item.resource_type not in TAKERS:
                yield _refused(batch, item, Reason.NO_ROOM)


def _link(batch: Batch) -> None:
    """Say at which of the visits that were just added recorded was what came before them."""
    for kind, named in linking.unnamed(db.session.connection(), TAKERS, batch.visits, batch.named_by).items():
        name_visits = TAKERS[kind].name_visits
        if name_visits is not None:
            name_visits(named)
    batch.visits = {}


def _rounds(items: Sequence[Incoming]) -> list[list[Incoming]]:
    rounds: list[list[Incoming]] = []
    seen: dict[Key, int] = {}
    for item in items:
        turn = seen.get(item.key, 0)
        seen[item.key] = turn + 1
        if turn == len(rounds):
            rounds.append([])
        rounds[turn].append(item)
    return rounds


def _refused(batch: Batch, item: Incoming, reason: Reason, detail: str = "") -> _Placing:
    if reason not in OF_NOBODY_KNOWN or batch.is_dry:
        batch.tally.refuse(item.place, item.resource_type, item.resource_id, reason, detail)
    return _Placing(item, reason)


def _offer(batch: Batch, taker: Taker, items: Sequence[Incoming]) -> Iterator[_Placing]:
    if not items:
        return
    new: list[tuple[Incoming, Mapped]] = []
    read = taker.reader() if taker.reader else taker.read
    for item in items:
        known = batch.known.get(item.key)
        object_id = known.object_id if known else None
        try:
            # A copy that takes an entry back waits as the entry does: they have to come in their order.
            subject_id = _subject_of(batch, taker, item)
            mapped = read(item.resource)
        except NotPlaced as why:
            if object_id and taker.void and why.reason in _TAKEN_BACK:
                if object_id != PRETENDED:
                    taker.void(object_id, linking.before(taker.read, batch.known[item.key]).fields)
                batch.tally.count(item.resource_type, VOIDED)
                yield _placed(batch, taker, item, object_id, why.reason)
            else:
                yield _refused(batch, item, why.reason, why.detail)
            continue
        if taker.subject is not None:
            mapped.fields[taker.subject.field] = subject_id
        if taker.subject is PATIENT and subject_id is not None:
            batch.patients.add(subject_id)
        linking.name_others(batch.known, batch.named_by, item, mapped)
        if object_id:
            yield _changed(batch, taker, item, mapped, object_id)
        elif subject_id == PRETENDED:
            batch.tally.count(item.resource_type, ADDED)
            batch.tally.note(item.place, item.resource_type, item.resource_id, mapped.left_out)
        else:
            new.append((item, mapped))
    yield from _added(batch, taker, new)


def _subject_of(batch: Batch, taker: Taker, item: Incoming) -> uuid.UUID | None:
    """Return our id of whom a resource is about, or refuse it until that one is there."""
    if taker.subject is None:
        return None
    found = _subject_among(batch.known, item)
    if found is None:
        raise NotPlaced(taker.subject.unknown)
    return found


def _subject_among(known: Mapping[Key, Known], item: Incoming) -> uuid.UUID | None:
    held = (known.get(key) for key in item.subjects)
    return next((one.object_id for one in held if one and one.object_id), None)


def placeable(connection: Connection, items: Sequence[Incoming]) -> list[Incoming]:
    """Return those for which both a room and, where they need one, the subject are there."""
    items = [item for item in items if (taker := TAKERS.get(item.resource_type)) and taker.has_room_for(item.resource)]
    known = _known(connection, items)
    return [item for item in items if TAKERS[item.resource_type].subject is None or _subject_among(known, item)]


def _added(batch: Batch, taker: Taker, new: Sequence[tuple[Incoming, Mapped]]) -> Iterator[_Placing]:
    ids = taker.add([{"id": wished_id(item.resource_id), **mapped.fields} for item, mapped in new])
    for (item, mapped), object_id in zip(new, ids, strict=True):
        if object_id is None:
            yield _refused(batch, item, Reason.DUPLICATE)
            continue
        batch.tally.count(item.resource_type, ADDED)
        batch.tally.note(item.place, item.resource_type, item.resource_id, mapped.left_out)
        if item.resource_type == ENCOUNTER:
            batch.visits[item.key] = object_id
        yield _placed(batch, taker, item, object_id)


def _changed(batch: Batch, taker: Taker, item: Incoming, mapped: Mapped, object_id: uuid.UUID) -> _Placing:
    """Write what differs between the copy before and this one; what people changed here stays otherwise."""
    if object_id == PRETENDED:
        batch.tally.count(item.resource_type, CHANGED)
        return _Placing(item)
    before = linking.before(taker.read, batch.known[item.key])
    changes = linking.changes(before, item, mapped)
    if taker.subject is not None:
        subject_id = changes.pop(taker.subject.field, None)
        if taker.telling is not None:
            _tells_of(batch, item, object_id)
            object_id = subject_id
    outcome = taker.change(object_id, changes, before.fields) if changes else True
    if outcome is False:
        return _refused(batch, item, Reason.CLOSED_HERE)
    batch.tally.count(item.resource_type, CHANGED)
    batch.tally.note(item.place, item.resource_type, item.resource_id, mapped.left_out)
    return _placed(batch, taker, item, object_id if outcome is True else outcome)


def _placed(batch: Batch, taker: Taker, item: Incoming, object_id: uuid.UUID, reason: Reason | None = None) -> _Placing:
    known = batch.known.setdefault(item.key, Known())
    known.object_id, known.resource = object_id, item.resource
    if item.resource_type == "Patient":
        batch.patients.add(object_id)
    if taker.telling is not None:
        _tells_of(batch, item, object_id)
    return _Placing(item, reason, taker.object_type, object_id)


def _tells_of(batch: Batch, item: Incoming, object_id: uuid.UUID) -> None:
    batch.told_of.setdefault(item.resource_type, set()).add(object_id)


def _tell(batch: Batch) -> None:
    """Say in the audit row whom this concerned and what became of how many."""
    trail = trails.current()
    trail.object_id = next(iter(batch.patients)) if len(batch.patients) == 1 else None
    trail.patient_id = trail.object_id
    trail.version_before = trail.version_after = None
    trail.values_before, trail.values_after = {}, {"counts": batch.tally.as_counts()}
    trail.listed(sorted(batch.patients))


def note_progress(connection: Connection, *, input_digest: str, name: str, done: int, is_finished: bool) -> None:
    """Remember in the running unit of work how many pieces of an input are taken in."""
    table = ImportProgress.__table__
    now = clock.now()
    values = {"done": done, "finished_at": now if is_finished else None, "updated_at": now}
    if not connection.execute(update(table).where(table.c.input_digest == input_digest).values(**values)).rowcount:
        connection.execute(insert(table).values(input_digest=input_digest, name=name[:300], **values))
