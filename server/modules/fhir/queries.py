"""Reads of what was received."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from server.modules.fhir.models import WAITING, FhirResource, ImportProgress

_MOST_IDS = 500
_table = FhirResource.__table__
_columns = (_table.c.id, _table.c.source, _table.c.resource_type, _table.c.resource_id, _table.c.digest)

Key = tuple[str, str, str]


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


def _chunks(ids: list[str]) -> Iterable[list[str]]:
    return (ids[start : start + _MOST_IDS] for start in range(0, len(ids), _MOST_IDS))


def body_of(connection: Connection, copy_id: uuid.UUID) -> bytes:
    """Return a kept resource, still deflated."""
    body: bytes = connection.execute(select(_table.c.body).where(_table.c.id == copy_id)).scalar_one()
    return body


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
