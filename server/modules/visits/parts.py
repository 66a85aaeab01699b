"""What a consultation is made of: each room registers its part here, and `chart` takes, saves and shows them together.

Registered while the rooms start, before `chart` makes its body and its answer of them.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema
from sqlalchemy import Connection

from server.core.access import Actor, Permission
from server.core.errors import DomainError


@dataclass(frozen=True, slots=True)
class Sitting:
    """At which visit a consultation is saved, and by whom."""

    actor: Actor
    patient_id: uuid.UUID
    visit_id: uuid.UUID
    doctor_id: uuid.UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One key of a consultation: what is sent of it and who may, how one is saved, and how a saved one is shown.

    `save` returns the id of what it has stored. A list is saved one by one, in its order. `problems` are those that
    saving may meet beside a closed visit.
    """

    name: str
    shape: type[Schema]
    out: type[Schema]
    permission: Permission
    save: Callable[[Sitting, Mapping[str, Any]], uuid.UUID]
    show: Callable[[Connection, Sitting, uuid.UUID], Mapping[str, Any]]
    is_list: bool = False
    problems: tuple[type[DomainError], ...] = ()


_parts: dict[str, Part] = {}


def add_part(part: Part) -> None:
    """Register the part of a room."""
    _parts[part.name] = part


def parts() -> tuple[Part, ...]:
    """Return all parts, in the order in which they are saved."""
    return tuple(_parts.values())
