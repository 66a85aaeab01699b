"""Rules of taking over a sheet of patients: each line once, and nothing here overwritten."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, Row, or_, select

from server.core import trail as trails
from server.core.db import db
from server.modules.patients.models import Patient
from server.modules.patients.service.imports import MRN_SYSTEM, import_patients

EXTERNAL_SYSTEM = "external_id"
ADDED, UNCHANGED = "added", "unchanged"
DIFFERS = "differs"

# Names of lines that bring no id of their own (RFC 9562, version 5), so that a second import finds them again.
_NAMESPACE = uuid.UUID("8f3c2f0e-6f0b-5b3e-9d55-0d3f7d1f4a6e")
_PAGE = 1000
_table = Patient.__table__

Outcome = tuple[str, list[str]]


def place_lines(lines: Sequence[Mapping[str, Any]]) -> list[Outcome]:
    """Add those who are not here yet; return for each line what became of it and in which fields it differs."""
    found = _present(db.session.connection(), lines)
    new: dict[uuid.UUID, dict[str, Any]] = {}
    outcomes: list[Outcome] = []
    for line in lines:
        key = _key(line)
        present = found.get(line.get("mrn")) or found.get(key)
        if present is not None:
            outcomes.append(_compared(_differences(present, line)))
        elif key in new:
            outcomes.append(_compared([n for n, value in _fields(key, line).items() if new[key].get(n) != value]))
        else:
            new[key] = _fields(key, line)
            outcomes.append((ADDED, []))
    ids = import_patients(list(new.values()))
    trail = trails.current()
    trail.object_id = trail.patient_id = None
    trail.listed(ids)
    return outcomes


def _compared(differing: list[str]) -> Outcome:
    return (DIFFERS, sorted(differing)) if differing else (UNCHANGED, [])


def _present(connection: Connection, lines: Sequence[Mapping[str, Any]]) -> dict[Any, Row[Any]]:
    """Return who is here already, by id and by MRN."""
    ids = [_key(line) for line in lines]
    numbers = [line["mrn"] for line in lines if line.get("mrn")]
    rows = connection.execute(select(_table).where(or_(Patient.id.in_(ids), Patient.mrn.in_(numbers)))).all()
    return {row.id: row for row in rows} | {row.mrn: row for row in rows}


def _key(line: Mapping[str, Any]) -> uuid.UUID:
    """Return the id of a line: its own, or one made of its number elsewhere, or of all that it says."""
    own: uuid.UUID | None = line.get("id")
    if own is not None:
        return own
    for name in ("mrn", "external_id"):
        if line.get(name):
            return uuid.uuid5(_NAMESPACE, f"{name}:{line[name]}")
    said = {name: value for name, value in line.items() if value is not None}
    return uuid.uuid5(_NAMESPACE, "content:" + orjson.dumps(said, option=orjson.OPT_SORT_KEYS).decode())


def _fields(key: uuid.UUID, line: Mapping[str, Any]) -> dict[str, Any]:
    fields = {name: value for name, value in line.items() if name not in ("mrn", "external_id")}
    kept = list(fields.get("identifiers", []))
    for name, system in (("mrn", MRN_SYSTEM), ("external_id", EXTERNAL_SYSTEM)):
        number = {"system": system, "value": line.get(name)}
        if line.get(name) and number not in kept:
            kept.append(number)
    return fields | {"id": key, "identifiers": kept}


def _differences(present: Row[Any], line: Mapping[str, Any]) -> list[str]:
    found = []
    for name, value in line.items():
        if name == "address":
            parts = value or {}
            found += [f"address_{part}" for part, said in parts.items() if getattr(present, f"address_{part}") != said]
        elif name == "identifiers":
            if _foreign(value) != _foreign(present.identifiers):
                found.append(name)
        elif name not in ("id", "mrn", "external_id") and getattr(present, name) != value:
            found.append(name)
    return found


def _foreign(identifiers: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [one for one in identifiers if one.get("system") not in (MRN_SYSTEM, EXTERNAL_SYSTEM)]


def all_patients(connection: Connection) -> Iterator[Any]:
    """Yield every patient in the order of their numbers, page by page, so that memory stays flat."""
    last = 0
    while rows := connection.execute(
        select(_table).where(_table.c.number > last).order_by(_table.c.number).limit(_PAGE)
    ).all():
        last = rows[-1].number
        for row in rows:
            yield row._mapping
