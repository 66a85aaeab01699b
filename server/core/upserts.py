"""Insert rows that may be there already, in one statement and without a check before it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, Table, bindparam, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from server.core.db import is_postgres
from server.core.direct import fetch, send

# So many are written by a statement that is kept for their number; one is the rule.
_FEW = 4
_AT_ONCE = 500  # rows of one statement; SQLite counts its parameters

Rows = Sequence[Mapping[str, Any]]


class PlainInsert:
    """Insert one row that names every column, by a text that is made once; for what each request writes.

    SQLAlchemy tells of it and of its failure as ever, but has nothing left to compile or to look up.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self._of = lru_cache(maxsize=4)(self._compiled)

    def __call__(self, connection: Connection, row: Mapping[str, Any]) -> None:
        """Insert a row."""
        text, names, processors = self._of(connection.dialect)
        values = dict(row)
        for name, process in processors:
            values[name] = process(values[name])
        send(connection, text, tuple(values[name] for name in names) if names else values)

    def _compiled(self, dialect: Dialect) -> tuple[str, Sequence[str], Sequence[tuple[str, Callable[[Any], Any]]]]:
        """Return the text, the order of its parameters where they have no names, and what makes values of the types."""
        compiled = insert(self._table).compile(dialect=dialect)
        processors = [
            (column.name, process)
            for column in self._table.columns
            if (process := column.type.dialect_impl(dialect).bind_processor(dialect)) is not None
        ]
        return str(compiled), list(compiled.positiontup or ()), processors


def insert_new(connection: Connection, table: Table, rows: Rows) -> list[uuid.UUID]:
    """Insert the rows that break no unique rule and return their ids; the others change nothing."""
    if 0 < len(rows) <= _FEW and is_postgres(connection):
        values = {f"{name}_{number}": value for number, row in enumerate(rows) for name, value in row.items()}
        return [row[0] for row in fetch(connection, _insert_few(table, tuple(rows[0]), len(rows)), values)]
    statement = _insert_new(table, on_postgres=is_postgres(connection))
    added: list[uuid.UUID] = []
    for start in range(0, len(rows), _AT_ONCE):
        added += connection.scalars(statement, rows[start : start + _AT_ONCE])
    return added


@cache
def _insert_new(table: Table, *, on_postgres: bool) -> ReturningInsert[Any]:
    """Return the statement, built once; the rows are its parameters and no part of it, so that it is compiled once."""
    insert = postgresql.insert if on_postgres else sqlite.insert
    return insert(table).on_conflict_do_nothing().returning(table.c.id)


@lru_cache(maxsize=256)
def _insert_few(table: Table, names: tuple[str, ...], count: int) -> ReturningInsert[Any]:
    """Return the statement for so many rows that have these columns."""
    kinds = {name: table.c[name].type for name in names}
    rows = [{name: bindparam(f"{name}_{n}", type_=kind) for name, kind in kinds.items()} for n in range(count)]
    return postgresql.insert(table).values(rows).on_conflict_do_nothing().returning(table.c.id)


def insert_first(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row unless its key is taken, and tell whether it was not."""
    insert = postgresql.insert if is_postgres(connection) else sqlite.insert
    statement = insert(table).values(row).on_conflict_do_nothing().returning(*table.primary_key)
    return connection.execute(statement).first() is not None


def upsert(connection: Connection, table: Table, rows: Rows) -> None:
    """Insert rows, or put their values in place of those under the same primary key."""
    if not rows:
        return
    insert = postgresql.insert if is_postgres(connection) else sqlite.insert
    statement = insert(table).values(list(rows))
    keys = {column.name for column in table.primary_key}
    fresh = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=sorted(keys), set_=fresh))
