"""Reads of what was received."""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection, exists, or_, select

from server.modules.doctors.models import Doctor
from server.modules.fhir.models import WAITING, FhirResource, ImportProgress
from server.modules.patients.models import Allergy, Condition

_MOST_IDS = 500
_MOST_FILES = 50
_table = FhirResource.__table__
_columns = (_table.c.id, _table.c.source, _table.c.resource_type, _table.c.resource_id, _table.c.digest)

Key = tuple[str, str, str]
T = TypeVar("T")


@dataclass
class Known:
    """What is held of one resource: its copies, each with why it was not placed, and what it became."""

    copies: dict[str, str | None] = field(default_factory=dict)
    object_id: uuid.UUID | None = None
    placed_copy: uuid.UUID | None = None


def known_of(connection: Connection, ids_by_source: dict[str, set[str]]) -> dict[Key, Known]:
    """Return what is held of these resources."""
    found: dict[Key, Known] = {}
    for source, ids in ids_by_source.items():
        for some in _chunks(sorted(ids)):
            stmt = select(*_columns, _table.c.reason, _table.c.object_id).where(
                _table.c.source == source, _table.c.resource_id.in_(some)
            )
            # Sorted here: asked to, PostgreSQL walks the whole table in the order of ids while it has no statistics.
            for row in sorted(connection.execute(stmt), key=lambda row: row.id):
                known = found.setdefault((row.source, row.resource_type, row.resource_id), Known())
                known.copies[row.digest] = row.reason
                if row.object_id is not None:
                    known.object_id, known.placed_copy = row.object_id, row.id
    return found


def _chunks(ids: list[T]) -> Iterable[list[T]]:
    return (ids[start : start + _MOST_IDS] for start in range(0, len(ids), _MOST_IDS))


def body_of(connection: Connection, copy_id: uuid.UUID) -> bytes:
    """Return a kept resource, still deflated."""
    body: bytes = connection.execute(select(_table.c.body).where(_table.c.id == copy_id)).scalar_one()
    return body


def doctors_by_licence(connection: Connection, numbers: Collection[str]) -> dict[str, uuid.UUID]:
    """Return the doctors who alone have one of these licence numbers."""
    table = Doctor.__table__
    found: dict[str, list[uuid.UUID]] = {}
    for some in _chunks(sorted(numbers)):
        stmt = select(table.c.license_number, table.c.id).where(table.c.license_number.in_(some))
        for row in connection.execute(stmt):
            found.setdefault(row.license_number, []).append(row.id)
    return {number: ids[0] for number, ids in found.items() if len(ids) == 1}


def roles_of(connection: Connection, doctor_ids: Collection[uuid.UUID]) -> Iterator[tuple[uuid.UUID, bytes]]:
    """Yield doctors' roles, deflated, each as it was placed last, but for those that were not in force by then."""
    later = _table.alias()
    is_replaced = exists().where(
        later.c.resource_id == _table.c.resource_id,
        later.c.source == _table.c.source,
        later.c.resource_type == _table.c.resource_type,
        later.c.object_id.is_not(None),
        later.c.id > _table.c.id,
    )
    for some in _chunks(sorted(doctor_ids)):
        stmt = select(_table.c.object_id, _table.c.body).where(
            _table.c.object_type == "doctor",
            _table.c.object_id.in_(some),
            _table.c.resource_type == "PractitionerRole",
            _table.c.reason.is_(None),
            ~is_replaced,
        )
        for row in connection.execute(stmt):
            yield row.object_id, row.body


def received_of(connection: Connection, patient_ids: Sequence[uuid.UUID]) -> Iterator[tuple[str, bytes]]:
    """Yield the resources as they came that became something of these patients, each with a name for its file."""
    became = [
        select(table.c.id).where(table.c.patient_id.in_(patient_ids))
        for table in (Allergy.__table__, Condition.__table__)
    ]
    is_theirs = or_(_table.c.object_id.in_(patient_ids), *(_table.c.object_id.in_(ids) for ids in became))
    after = uuid.UUID(int=0)
    while rows := connection.execute(
        select(_table.c.id, _table.c.body)
        .where(is_theirs, _table.c.id > after)
        .order_by(_table.c.id)
        .limit(_MOST_FILES)
    ).all():
        for row in rows:
            yield f"{row.id}.json", zlib.decompress(row.body)
        after = rows[-1].id


def waiting(
    connection: Connection, resource_type: str, *, after: uuid.UUID | None, most: int, with_body: bool = True
) -> Sequence[Any]:
    """Return some of the resources of a type that wait for a room or a patient, in the order they came."""
    columns = (*_columns, _table.c.body) if with_body else _columns
    stmt = select(*columns, _table.c.reason).where(
        _table.c.reason.in_(WAITING), _table.c.resource_type == resource_type
    )
    if after is not None:
        stmt = stmt.where(_table.c.id > after)
    return connection.execute(stmt.order_by(_table.c.id).limit(most)).all()


def progress_of(connection: Connection, input_digest: str) -> Any:
    """Return how far an input has come."""
    table = ImportProgress.__table__
    stmt = select(table.c.done, table.c.finished_at).where(table.c.input_digest == input_digest)
    return connection.execute(stmt).first()
