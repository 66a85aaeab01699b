"""What a merge of two patients asks the rooms: how to make room where a unique rule would stand in the way.

The merge itself finds every table by its foreign key to patients and moves the duplicate's rows. A room whose table
has a unique rule on the patient registers a resolver, which runs before anything is moved and changes rows through
`change` or `change_each`, so that the merge can be taken back. Afterwards a room may `settle` what no longer goes
together.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, Table, and_, select, update
from sqlalchemy.sql import ColumnElement
from sqlalchemy.types import TypeDecorator


@dataclass(frozen=True)
class Change:
    """The same columns of some rows of one table, as they were and as they are now; JSON holds it."""

    table_name: str
    row_keys: list[list[Any]]
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass(frozen=True)
class Conflict:
    """Something that both patients had, or that did not fit any more, and what became of it."""

    table: str
    what: str
    resolution: str


@dataclass
class Merging:
    """One merge on its way: between whom, by whom, when, and what it has changed so far."""

    connection: Connection
    survivor_id: uuid.UUID
    duplicate_id: uuid.UUID
    by: uuid.UUID
    at: datetime
    changes: list[Change] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)

    def change(self, table: Table, row: Row[Any], **values: Any) -> None:
        """Write values that belong together: they are taken back together, or not at all if one was changed since."""
        if self._write(table, row, values):
            self._remember(table, row, values)

    def change_each(self, table: Table, row: Row[Any], **values: Any) -> None:
        """Write values that have nothing to do with each other: each is taken back for itself."""
        for name in self._write(table, row, values):
            self._remember(table, row, {name: values[name]})

    def _write(self, table: Table, row: Row[Any], values: Mapping[str, Any]) -> list[str]:
        """Write what differs from the row, which is given as it is now; return the names."""
        differing = [name for name, value in values.items() if plain(row._mapping[name]) != plain(value)]
        if differing:
            changed = {name: values[name] for name in differing}
            stmt = update(table).where(is_row(table, key_of(table, row)))
            self.connection.execute(stmt.values(**changed, **counted(table, self.at)))
        return differing

    def _remember(self, table: Table, row: Row[Any], values: Mapping[str, Any]) -> None:
        before = {name: plain(row._mapping[name]) for name in values}
        after = {name: plain(value) for name, value in values.items()}
        key = [plain(part) for part in key_of(table, row)]
        self.changes.append(Change(table.name, [key], before, after))

    def note(self, table: Table, what: str, resolution: str) -> None:
        """Report a conflict and how it was resolved."""
        self.conflicts.append(Conflict(table.name, what, resolution))

    def rows_of(self, table: Table, patient_id: uuid.UUID, *which: ColumnElement[bool]) -> list[Row[Any]]:
        """Return rows of one of the two patients, in the order of their keys."""
        stmt = select(table).where(table.c.patient_id == patient_id, *which).order_by(*table.primary_key)
        return list(self.connection.execute(stmt).all())


Resolver = Callable[[Merging], None]
Settler = Callable[[Connection, uuid.UUID], None]

_resolvers: dict[str, Resolver] = {}
_settlers: list[Settler] = []


def resolve(table: str, resolver: Resolver) -> None:
    """Register how a table makes room for the duplicate's rows."""
    _resolvers[table] = resolver


def settle(settler: Settler) -> None:
    """Register what a room looks after for each of the two patients once their merge was taken back."""
    if settler not in _settlers:
        _settlers.append(settler)


def resolvers() -> Mapping[str, Resolver]:
    """Return the resolvers by the names of their tables."""
    return dict(_resolvers)


def settlers() -> list[Settler]:
    """Return what is done for each patient after a merge was taken back."""
    return list(_settlers)


def key_of(table: Table, row: Row[Any]) -> list[Any]:
    """Return the primary key of a row."""
    return [row._mapping[column.name] for column in table.primary_key]


def is_row(table: Table, key: list[Any]) -> ColumnElement[bool]:
    """Return "is the row with this primary key"."""
    return and_(*(column == part for column, part in zip(table.primary_key, key, strict=True)))


def counted(table: Table, at: datetime) -> dict[str, Any]:
    """Return what each change of a row's own fields writes beside them: the next version and the time."""
    beside: dict[str, Any] = {}
    if "version" in table.c:
        beside["version"] = table.c.version + 1
    if "updated_at" in table.c:
        beside["updated_at"] = at
    return beside


def unstamped(table: Table) -> dict[str, Any]:
    """Return what keeps a move from counting as a change of the row."""
    return {"updated_at": table.c.updated_at} if "updated_at" in table.c else {}


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it."""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value) if isinstance(value, uuid.UUID | Decimal) else value


def stored(table: Table, name: str, value: Any) -> Any:
    """Return what `plain` was made of, by the type of the column."""
    declared = table.c[name].type
    kind = (declared.impl_instance if isinstance(declared, TypeDecorator) else declared).python_type
    if value is None or kind not in (uuid.UUID, Decimal, datetime, date, time):
        return value
    return kind(value) if kind in (uuid.UUID, Decimal) else kind.fromisoformat(value)
