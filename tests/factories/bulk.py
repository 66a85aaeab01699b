"""Write many rows at once: COPY on PostgreSQL, one prepared INSERT on SQLite, both with fresh statistics."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from flask import Flask
from sqlalchemy import Connection, Table, insert, text

from server.core.db import db


def load(app: Flask, rows: Mapping[Table, Iterable[Mapping[str, Any]]]) -> None:
    """Write rows into tables in this order; all rows of a table name the same columns."""
    with app.app_context(), db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL statement_timeout = 0"))
        for table, of_table in rows.items():
            found = list(of_table)
            if found:
                _write(connection, table, found)
        connection.commit()
    with app.app_context(), db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def _write(connection: Connection, table: Table, rows: list[Mapping[str, Any]]) -> None:
    names = list(rows[0])
    if connection.dialect.name == "postgresql":
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row([_written(row[name]) for name in names])
    else:
        connection.execute(insert(table), [dict(row) for row in rows])


def _written(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list | dict) else value
