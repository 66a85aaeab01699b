"""Rules of specialties: codes are unique, and what somebody practises is not removed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import exists, literal, or_, select

from server.core.columns import ANY_VERSION, Expected
from server.core.constraints import on_violation
from server.core.db import Base, db
from server.core.errors import Conflict, NotFound, refused
from server.core.text import fold, fold_key
from server.modules.doctors.models import Specialty

GENERAL_PRACTICE = "general_practice"
_LONGEST = 60


class SpecialtyTaken(Conflict):
    """Another specialty has this code."""

    code = "specialty_taken"


class SpecialtyInUse(Conflict):
    """Doctors have this specialty, or patients wait for it."""

    code = "specialty_in_use"


on_violation("uq_specialties_code", SpecialtyTaken, field="code")


def add(*, name: str, code: str | None = None, **fields: Any) -> Specialty:
    """Add a specialty; without a code it gets one from its name."""
    specialty = Specialty(name=name, code=code or _slug_of(name), name_key=fold_key(name), **fields)
    db.session.add(specialty)
    db.session.flush()
    return specialty


def _slug_of(name: str) -> str:
    """Return the words of a name, without accents, joined by underscores."""
    slug = "_".join(fold(name))[:_LONGEST].rstrip("_")
    if not slug or not slug.isascii():
        raise refused("code", why="No code can be made of this name; give one.")
    return slug


def change(*, specialty_id: uuid.UUID, expected: Expected = ANY_VERSION, **changes: Any) -> Specialty:
    """Change the name or the code of a specialty; its doctors keep it."""
    specialty = db.session.get(Specialty, specialty_id, with_for_update=True)
    if specialty is None:
        raise NotFound
    specialty.require(expected)
    for name, value in changes.items():
        setattr(specialty, name, value)
    specialty.name_key = fold_key(specialty.name)
    db.session.flush()
    return specialty


def remove(*, specialty_id: uuid.UUID, expected: Expected = ANY_VERSION) -> None:
    """Remove a specialty that nothing refers to. Again, it changes nothing."""
    specialty = db.session.get(Specialty, specialty_id, with_for_update=True)
    if specialty is None:
        return
    specialty.require(expected)
    if db.session.scalar(select(or_(literal(value=False), *(is_used for is_used in _uses_of(specialty_id))))):
        raise SpecialtyInUse
    db.session.delete(specialty)
    db.session.flush()


def _uses_of(specialty_id: uuid.UUID) -> list[Any]:
    """Return "a row refers to the specialty" for each column of any room that does."""
    keys = (key for table in Base.metadata.sorted_tables for key in table.foreign_keys)
    return [exists().where(key.parent == specialty_id) for key in keys if key.column is Specialty.__table__.c.id]


def ids_of(codes: Sequence[str]) -> set[uuid.UUID]:
    """Return the ids of specialties, which cannot be removed until the unit of work ends, or refuse unknown codes."""
    stmt = select(Specialty.id, Specialty.code).where(Specialty.code.in_(codes)).order_by(Specialty.id)
    found = {code: one for one, code in db.session.execute(stmt.with_for_update(read=True))} if codes else {}
    unknown = sorted(set(codes) - found.keys())
    if unknown:
        raise refused("specialties", why=f"There is no such specialty: {', '.join(unknown)}.")
    return set(found.values())
