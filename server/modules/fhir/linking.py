"""Tie resources to what they name and to their copy before: visits, doctors, what has changed since."""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import Connection

from server.core.db import db
from server.modules.fhir import queries
from server.modules.fhir.inputs import DIAGNOSES, DOCTOR, VISIT, Incoming, kept, links_said
from server.modules.fhir.mapping.reading import Mapped, NotPlaced
from server.modules.fhir.queries import Key, Known

# Stands for what an earlier piece of a dry run would have added.
PRETENDED = uuid.UUID(int=0)


@dataclass
class Before:
    """What the copy of a resource said that was placed before, and whom and what it named."""

    fields: dict[str, Any] = field(default_factory=dict)
    links: dict[str, list[str]] = field(default_factory=dict)


def before(read: Callable[[dict[str, Any]], Mapped], known: Known) -> Before:
    """Return what the copy before said; nothing where that took the entry back."""
    resource = known.resource
    if resource is None and known.placed_copy is not None:
        resource = orjson.loads(zlib.decompress(queries.body_of(db.session.connection(), known.placed_copy)))
    if resource is None:
        return Before()
    try:
        return Before(read(resource).fields, links_said(resource["resourceType"], resource))
    except NotPlaced:
        return Before()


def changes(former: Before, item: Incoming, mapped: Mapped) -> dict[str, Any]:
    """Return what differs from the copy before; whom it names now but who is not here takes nobody's place."""
    said = links_said(item.resource_type, item.resource)
    found = {}
    for name, value in mapped.fields.items():
        if name in said:
            if former.links.get(name) != said[name] and (value is not None or not said[name]):
                found[name] = value
        elif name not in former.fields or former.fields[name] != value:
            found[name] = value
    return found


def name_others(known: Mapping[Key, Known], named_by: dict[Key, Key], item: Incoming, mapped: Mapped) -> None:
    """Fill in which of ours a resource names: the visit at which it was recorded, the doctor who did it.

    `named_by` says of conditions which encounter has them among its diagnoses.
    """
    for name in (VISIT, DOCTOR):
        if name in item.links:
            keys = _visit_keys(item, named_by) if name == VISIT else item.links[name]
            found = next((one.object_id for key in keys if (one := known.get(key)) and one.object_id), None)
            mapped.fields[name] = None if found == PRETENDED else found
            if keys and found is None:
                mapped.left_out.append(f"{name}: {keys[0][1]} not here")
    for key in item.links.get(DIAGNOSES, ()):
        named_by.setdefault(key, item.key)


def _visit_keys(item: Incoming, named_by: Mapping[Key, Key]) -> list[Key]:
    """Return the encounter that a resource names or, where it names none, the one that names it."""
    return item.links.get(VISIT) or ([named_by[item.key]] if item.key in named_by else [])


def unnamed(
    connection: Connection, kinds: Iterable[str], visits: Mapping[Key, uuid.UUID], named_by: Mapping[Key, Key]
) -> dict[str, dict[uuid.UUID, uuid.UUID]]:
    """Return by type the entries of these visits' patients that name no visit yet, each with the one it belongs to."""
    found: dict[str, dict[uuid.UUID, uuid.UUID]] = {}
    for kind in kinds:
        for row in queries.without_visit(connection, kind, set(visits.values())):
            item = kept("(kept)", row.source, row.resource_id, row.digest, row.body)
            visit_id = next((visits[key] for key in _visit_keys(item, named_by) if key in visits), None)
            if visit_id is not None:
                found.setdefault(kind, {})[row.object_id] = visit_id
    return found
