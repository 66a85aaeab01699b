"""What PractitionerRoles tell of their doctor: the specialties of all of them together."""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson
from sqlalchemy import Connection

from server.core.text import fold_key
from server.modules.doctors.service import imports as doctors
from server.modules.fhir import queries
from server.modules.fhir.mapping.people import named_specialties, require_in_force
from server.modules.fhir.mapping.reading import Mapped


def read(role: dict[str, Any]) -> Mapped:
    """Return the specialties of a role that is in force, and name those that nobody has here."""
    return reader()(role)


def reader() -> Callable[[dict[str, Any]], Mapped]:
    """Return what reads roles by the specialties that there are now."""
    by_name = doctors.specialties_by_name()

    def read_one(role: dict[str, Any]) -> Mapped:
        require_in_force(role)
        return _matched(role, by_name)

    return read_one


def _matched(role: dict[str, Any], by_name: Mapping[str, str]) -> Mapped:
    matched = Mapped({"specialties": set()})
    for names in named_specialties(role):
        code = next((by_name[key] for key in map(fold_key, names) if key in by_name), None)
        if code is None:
            matched.left_out.append(f"specialty: {names[0]}")
        else:
            matched.fields["specialties"].add(code)
    return matched


@contextmanager
def telling(connection: Connection, doctor_ids: Collection[uuid.UUID]) -> Iterator[None]:
    """Take over what the roles of doctors tell otherwise after the block than before it."""
    before = _told(connection, doctor_ids)
    yield
    after = _told(connection, doctor_ids)
    doctors.change_imported_specialties({one: (before[one], after[one]) for one in doctor_ids})


def _told(connection: Connection, doctor_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, set[str]]:
    """Return by doctor what their roles told when they were placed: a period that ran out since takes nothing back."""
    told: dict[uuid.UUID, set[str]] = {one: set() for one in doctor_ids}
    by_name = doctors.specialties_by_name()
    for doctor_id, body in queries.roles_of(connection, doctor_ids):
        told[doctor_id] |= _matched(orjson.loads(zlib.decompress(body)), by_name).fields["specialties"]
    return told
