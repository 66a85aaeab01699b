"""Send a statement that was compiled once on the driver's cursor, with SQLAlchemy's events and errors (ADR 17).

SQLAlchemy finds the compiled form, makes a context, a result and its metadata for each execution: as much work as the
driver's own. What each request asks has all of that in common. A statement whose results SQLAlchemy would convert, as
on SQLite, or whose text depends on its values, goes SQLAlchemy's way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import BindParameter, Connection, Dialect, Executable, Numeric, Row
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.types import TypeEngine

from server.core.db import set_mode

MOST_STATEMENTS = 1024

Convert = Callable[[Any], Any] | None
Parameters = Mapping[str, Any] | Sequence[Any]


def fetch(connection: Connection, stmt: Executable, values: Mapping[str, Any]) -> Sequence[Row[Any]]:
    """Return the rows of a statement that is kept and run again; `values` are those of its parameters."""
    ready = _prepared(stmt, connection.dialect)
    if ready is None:
        return connection.execute(stmt, values).all()
    names, places = ready.columns, ready.columns._key_to_index
    found = send(connection, ready.text, ready.parameters(values), returns_rows=True)
    return [Row(names, None, places, row) for row in found]


def fetch_one(connection: Connection, stmt: Executable, values: Mapping[str, Any]) -> Row[Any] | None:
    """Return the first row, or None."""
    return next(iter(fetch(connection, stmt, values)), None)


def send(connection: Connection, text: str, parameters: Parameters, *, returns_rows: bool = False) -> Sequence[Any]:
    """Run a text on the driver's cursor and return its rows, plain, if it has any."""
    driver, cursor = connection.connection, None
    try:
        if not connection.in_transaction():
            set_mode(connection)
        cursor = driver.cursor()
        told = (connection, cursor, text, parameters, None, False)
        for listener in connection.dispatch.before_cursor_execute:
            listener(*told)
        connection.dialect.do_execute(cursor, text, parameters, None)
        for listener in connection.dispatch.after_cursor_execute:
            listener(*told)
        found = cursor.fetchall() if returns_rows else ()
        cursor.close()
    except BaseException as error:  # noqa: BLE001 -- what follows raises
        # As SQLAlchemy does for what it runs itself: wrap what the driver raises, give up a connection that is gone.
        is_drivers = isinstance(error, connection.dialect.loaded_dbapi.Error)
        connection._handle_dbapi_exception(error, text if is_drivers else None, parameters, cursor, None)
    return found


@dataclass(frozen=True)
class _Ready:
    """A compiled statement: values that are the same each time, those that are asked for, and what the rows hold."""

    text: str
    fixed: Mapping[str, Any]
    asked: Sequence[tuple[str, str, Convert]]
    made: Sequence[tuple[str, Callable[[], Any], Convert]]
    columns: SimpleResultMetaData

    def parameters(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of all parameters, as the driver takes them."""
        found = dict(self.fixed)
        for name, key, convert in self.asked:
            value = values[key]
            found[name] = convert(value) if convert else value
        for name, make, convert in self.made:
            found[name] = convert(make()) if convert else make()
        return found


@lru_cache(maxsize=MOST_STATEMENTS)
def _prepared(stmt: Executable, dialect: Dialect) -> _Ready | None:
    """Return the compiled form of a statement, or None where it has to go SQLAlchemy's way."""
    compiled: Any = cast(Any, stmt).compile(dialect=dialect)
    columns = compiled._result_columns
    binds: Mapping[BindParameter[Any], str] = compiled.bind_names
    depends_on_values = compiled.post_compile_params or compiled.literal_execute_params or compiled.insert_prefetch
    has_defaults = any(not (bind.required or bind.unique or bind.callable) for bind in binds)
    is_converted = any(_is_converted(column.type, dialect) for column in columns)
    if compiled.positional or compiled.escaped_bind_names or depends_on_values or has_defaults or is_converted:
        return None
    fixed: dict[str, Any] = {}
    asked: list[tuple[str, str, Convert]] = []
    made: list[tuple[str, Callable[[], Any], Convert]] = []
    for bind, name in binds.items():
        convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
        if bind.callable is not None:
            made.append((name, bind.callable, convert))
        elif bind.required:
            asked.append((name, bind.key, convert))
        else:
            fixed[name] = convert(bind.value) if convert else bind.value
    names = [column.keyname for column in columns]
    return _Ready(compiled.string, fixed, asked, made, SimpleResultMetaData(names))


def _is_converted(kind: TypeEngine[Any], dialect: Dialect) -> bool:
    """Whether SQLAlchemy makes something else of what the driver returns for a type."""
    form = kind.dialect_impl(dialect)
    return isinstance(form, Numeric) or form.result_processor(dialect, None) is not None
