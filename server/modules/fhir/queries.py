"""Reads of what was received."""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection, and_, exists, or_, select

from server.modules.doctors.models import Doctor
from server.modules.fhir.models import WAITING, FhirResource, ImportProgress
from server.modules.patients.models import Allergy, Condition
from server.modules.procedures.models import Procedure
from server.modules.vaccines.models import Immunization
from server.modules.visits.models import Visit
from server.modules.vitals.models import VitalSet

_MOST_IDS = 500
_MOST_FILES = 50
_table = FhirResource.__table__
_columns = (_table.c.id, _table.c.source, _table.c.resource_type, _table.c.resource_id, _table.c.digest)

# What resources become, but for people, by the name of it.
_ENTRIES = {
    "allergy": Allergy.__table__,
    "condition": Condition.__table__,
    "visit": Visit.__table__,
    "vital_set": VitalSet.__table__,
    "procedure": Procedure.__table__,
    "immunization": Immunization.__table__,
}
_AT_VISITS = {
    "Condition": "condition",
    "Observation": "vital_set",
    "Procedure": "procedure",
    "Immunization": "immunization",
}

Key = tuple[str, str, str]
T = TypeVar("T")


@dataclass
class Known:
    """What is held of one resource: its copies, each with why it was not placed, and what it became."""

    copies: dict[str, str | None] = field(default_factory=dict)
    object_id: uuid.UUID | None = None
    placed_copy: uuid.UUID | None = None
    # The copy that was placed in this unit of work.
    resource: dict[str, Any] | None = None


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
    # With its type each, by which the index begins.
    is_theirs = or_(
        and_(_table.c.object_type == "patient", _table.c.object_id.in_(patient_ids)),
        *(
            and_(
                _table.c.object_type == name,
                _table.c.object_id.in_(select(entry.c.id).where(entry.c.patient_id.in_(patient_ids))),
            )
            for name, entry in _ENTRIES.items()
        ),
    )
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


def without_visit(connection: Connection, resource_type: str, visit_ids: Collection[uuid.UUID]) -> Iterator[Any]:
    """Yield the resources, oldest first, whose entry names no visit and is of the patients of these visits."""
    if resource_type not in _AT_VISITS:
        return
    name = _AT_VISITS[resource_type]
    entry = _ENTRIES[name]
    for some in _chunks(sorted(visit_ids)):
        patients = select(Visit.patient_id).where(Visit.id.in_(some))
        stmt = (
            select(*_columns, _table.c.object_id, _table.c.body)
            .join(entry, entry.c.id == _table.c.object_id)
            .where(
                entry.c.patient_id.in_(patients),
                entry.c.visit_id.is_(None),
                _table.c.object_type == name,
                _table.c.reason.is_(None),
            )
        )
        yield from sorted(connection.execute(stmt), key=lambda row: row.id)


def waiting(
    connection: Connection,
    resource_type: str,
    *,
    after: uuid.UUID | None,
    most: int,
    reasons: Collection[str] = WAITING,
    with_body: bool = True,
) -> Sequence[Any]:
    """Return some of the resources of a type that wait for a room or a patient, in the order they came."""
    columns = (*_columns, _table.c.body) if with_body else _columns
    stmt = select(*columns, _table.c.reason).where(
        _table.c.reason.in_(reasons), _table.c.resource_type == resource_type
    )
    if after is not None:
        stmt = stmt.where(_table.c.id > after)
    return connection.execute(stmt.order_by(_table.c.id).limit(most)).all()


def progress_of(connection: Connection, input_digest: str) -> Any:
    """Return how far an input has come."""
    table = ImportProgress.__table__
    stmt = select(table.c.done, table.c.finished_at).where(table.c.input_digest == input_digest)
    return connection.execute(stmt).first()
