"""Hold the database: one SQLAlchemy object, the same rules on SQLite and PostgreSQL.

Reads use `reading()`, an autocommit connection with no transaction around single statements; writes use `db.session`
inside a unit of work. A request holds one pooled connection at a time: the reading one closes before the writing one
opens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import orjson
import psycopg
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, MetaData, Table, event
from sqlalchemy.orm import DeclarativeBase

from server.core.here import the_app, things

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The base of all tables."""

    metadata = MetaData(naming_convention=NAMING)

    if TYPE_CHECKING:
        __table__: ClassVar[Table]


db = SQLAlchemy(model_class=Base)

SQLITE_BEGIN = "sqlite_begin"
_READS = "reads"


class _Columns(Sequence[Any]):
    """What a cursor says of its columns, found out once somebody looks."""

    def __init__(self, describe: Callable[[], Sequence[Any]]) -> None:
        self._describe = describe

    @cached_property
    def _described(self) -> Sequence[Any]:
        return self._describe()

    def __getitem__(self, index: Any) -> Any:
        return self._described[index]

    def __len__(self) -> int:
        return len(self._described)


class _Cursor(psycopg.Cursor[Any]):
    """A cursor that SQLAlchemy may ask for its columns for nothing: it asks each time, and looks the first time."""

    @property
    def description(self) -> Any:
        has_columns = self.pgresult is not None and self.pgresult.nfields
        return _Columns(lambda: super(_Cursor, self).description or ()) if has_columns else super().description


def engine_options(uri: str, *, pool_size: int) -> dict[str, Any]:
    """Return the pool and driver options; times follow the budget: statement 5 s, lock 2 s, pool wait 3 s."""
    options: dict[str, Any] = {
        "json_serializer": lambda value: orjson.dumps(value).decode(),
        "json_deserializer": orjson.loads,
        "pool_size": pool_size,
        "max_overflow": 2,
        "pool_timeout": 3,
        "hide_parameters": True,  # errors are logged, values are not
    }
    if uri.startswith("postgresql"):
        # A read has nothing to roll back. Not on SQLite, where we send BEGIN ourselves and the driver knows of none.
        options["skip_autocommit_rollback"] = True
        options["connect_args"] = {
            "cursor_factory": _Cursor,
            "connect_timeout": 3,
            "options": "-c statement_timeout=5000 -c lock_timeout=2000 -c timezone=UTC",
        }
    return options


def init_db(app: Flask, *, uri: str, pool_size: int) -> None:
    """Bind the database to the application."""
    app.config["SQLALCHEMY_DATABASE_URI"] = uri
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(uri, pool_size=pool_size)
    db.init_app(app)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            _prepare_sqlite(db.engine)
        else:
            _prepare_postgres(db.engine)
        app.extensions["reading_engine"] = db.engine.execution_options(**{_READS: True})
    app.teardown_appcontext(lambda _error: close_reading())


def _prepare_sqlite(engine: Engine) -> None:
    """Make SQLite durable, enforce foreign keys and send BEGIN ourselves (the driver's own timing loses updates)."""

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in ("foreign_keys=ON", "journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        if not _is_autocommit(connection):
            begin = connection.get_execution_options().get(SQLITE_BEGIN, "DEFERRED")
            connection.exec_driver_sql(f"BEGIN {begin}")


def _prepare_postgres(engine: Engine) -> None:
    """Leave a pooled connection in the mode of its last use: SQLAlchemy would switch back and forth for each read."""
    event.listen(engine, "begin", _match_mode)


def _match_mode(connection: Connection) -> None:
    driver: Any = connection.connection.driver_connection
    if driver.autocommit != _is_autocommit(connection):
        driver.autocommit = not driver.autocommit


def set_mode(connection: Connection) -> None:
    """Have a connection that is in no transaction ready for a statement, as SQLAlchemy does before it runs one."""
    if not _is_autocommit(connection):
        connection.begin()
    elif is_postgres(connection):
        _match_mode(connection)


def _is_autocommit(connection: Connection) -> bool:
    options = connection.get_execution_options()
    return bool(options.get(_READS)) or options.get("isolation_level") == "AUTOCOMMIT"


def reading() -> Connection:
    """Return this request's autocommit connection, opening it on first use."""
    here = things()
    connection: Connection | None = here.get("reading")
    if connection is None or connection.closed:
        engine: Engine = the_app().extensions["reading_engine"]
        connection = here.reading = engine.connect()
    return connection


def close_reading() -> None:
    """Give the reading connection back to the pool."""
    connection: Connection | None = things().pop("reading", None)
    if connection is not None:
        connection.close()


def begin_writing() -> Connection:
    """Start the session's writing transaction; on SQLite it takes the write lock at once."""
    close_reading()
    connection = things().writing = db.session.connection(execution_options={SQLITE_BEGIN: "IMMEDIATE"})
    return connection


def writing() -> Connection:
    """Return the connection of the running unit of work; beside one, that of the session, which takes longer to ask."""
    connection: Connection | None = things().get("writing")
    return db.session.connection() if connection is None or connection.closed else connection


def is_postgres(connection: Connection) -> bool:
    """Whether this connection speaks to PostgreSQL."""
    return connection.dialect.name == "postgresql"
