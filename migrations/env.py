"""Run migrations on the application's engine; on SQLite without foreign keys, in one transaction, checked after."""

from __future__ import annotations

from alembic import context
from flask import current_app
from sqlalchemy import Connection, text
from sqlalchemy.schema import SchemaItem

from server.core.db import SQLITE_BEGIN, Base, db


def run_migrations() -> None:
    """Migrate the database of the current application."""
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            _run_on_sqlite(connection.execution_options(**{SQLITE_BEGIN: "IMMEDIATE"}))
        else:
            connection.execute(text("SET statement_timeout = 0"))
            connection.execute(text("SET lock_timeout = '5s'"))
            connection.commit()
            _run(connection)


def _run_on_sqlite(connection: Connection) -> None:
    # Batch mode rebuilds tables: with foreign keys on, that would delete child rows. The pragma does nothing inside a
    # transaction, so it goes to the driver's connection before one begins.
    driver = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        _run(connection)
        broken = driver.execute("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise RuntimeError(f"the migration left rows without their parents: {broken[:5]}")
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        transactional_ddl=True,
        include_object=_is_ours,
        **current_app.extensions["migrate"].configure_args,
    )
    with context.begin_transaction():
        context.run_migrations()


def _is_ours(item: SchemaItem, name: str | None, kind: str, reflected: bool, _compare_to: object) -> bool:
    """Leave out what the database makes itself (partitions, SQLite's search index) and what only the other one has."""
    if kind == "table" and reflected and name is not None:
        return not name.startswith(("audit_logs_", "patients_search"))
    only_for = getattr(getattr(item, "_ddl_if", None), "dialect", None)
    return only_for in (None, db.engine.dialect.name)


run_migrations()
