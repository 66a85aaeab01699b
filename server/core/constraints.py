"""Turn a violated database constraint into the domain error that its table registered for it."""

from __future__ import annotations

import re

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.exc import IntegrityError

from server.core.db import Base
from server.core.errors import DomainError, IdTaken, Invalid

_errors: dict[str, tuple[type[DomainError], str | None]] = {}


def on_violation(constraint: str, error: type[DomainError], *, field: str | None = None) -> None:
    """Answer a violation of `constraint` with `error`, blaming `field`."""
    _errors[constraint] = (error, field)


def domain_error(violation: IntegrityError) -> DomainError | None:
    """Return the domain error of a violation, or None when no table foresaw it."""
    name = _constraint_name(violation)
    if name in _errors:
        error, field = _errors[name]
        return error(errors={field: [error.default_message()]} if field else None)
    if name.startswith("pk_"):
        return IdTaken(errors={"id": [IdTaken.default_message()]})
    if name.startswith("fk_") or "FOREIGN KEY" in str(violation.orig):
        return Invalid(message="Something that this refers to does not exist.")
    return None


def _constraint_name(violation: IntegrityError) -> str:
    diagnosis = getattr(violation.orig, "diag", None)
    if diagnosis is not None:
        return diagnosis.constraint_name or ""
    message = str(violation.orig)
    if found := re.search(r"(?:index '|constraint failed: )(\w+)'?$", message):
        return found[1]
    if found := re.search(r"UNIQUE constraint failed: (.+)$", message):
        return _unique_name(found[1].split(", "))
    return message


def _unique_name(qualified: list[str]) -> str:
    """Return the name of the unique constraint that SQLite describes only by its columns."""
    table = Base.metadata.tables[qualified[0].split(".")[0]]
    columns = [name.split(".")[1] for name in qualified]
    if [column.name for column in table.primary_key] == columns:
        return str(table.primary_key.name)
    for item in (*table.constraints, *table.indexes):
        is_unique = isinstance(item, UniqueConstraint) or (isinstance(item, Index) and item.unique)
        if (
            is_unique
            and isinstance(item, UniqueConstraint | Index)
            and [column.name for column in item.columns] == columns
        ):
            return str(item.name)
    return ""
