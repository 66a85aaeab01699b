"""Show how PostgreSQL answers what one request asks: the statements as they are sent, their plans and their times."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Flask
from sqlalchemy import event

from benchmarks.clinic import Clinic
from server import create_app
from server.config import load_settings
from server.core.db import db
from tests.legs import forget


def plans(clinic: Clinic, paths: dict[str, str]) -> list[str]:
    """Return a line for each SELECT of each path: milliseconds and the nodes that read tables."""
    app = create_app(load_settings({**clinic.environ, "LOG_LEVEL": "ERROR"}))
    try:
        return [f"  {name:28}{line}" for name, path in paths.items() for line in _plans_of(app, clinic, path)]
    finally:
        forget(app)


def _plans_of(app: Flask, clinic: Clinic, path: str) -> Iterator[str]:
    client, headers = app.test_client(), {"Authorization": f"Bearer {clinic.tokens[0]}"}
    client.get(path, headers=headers)  # the first one also asks who calls
    with app.app_context():
        engine = db.engine
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        asked.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        client.get(path, headers=headers)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    with engine.connect() as connection:
        for statement, parameters in asked:
            if statement.lstrip().upper().startswith(("SELECT", "WITH")):
                explained = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"
                ((found,),) = connection.exec_driver_sql(explained, parameters).fetchall()
                yield _line(found[0])


def _line(explained: dict[str, Any]) -> str:
    nodes = dict.fromkeys(_nodes(explained["Plan"]))
    return f"{explained['Execution Time']:8.2f} ms  {', '.join(nodes)}"


def _nodes(plan: dict[str, Any]) -> Iterator[str]:
    """Yield what reads tables, by its index where it has one."""
    target = plan.get("Index Name") or plan.get("Relation Name")
    if target and plan["Node Type"] != "Bitmap Heap Scan":
        yield f"{plan['Node Type']} {target}"
    if plan["Node Type"] in ("Sort", "Incremental Sort"):
        yield plan["Node Type"]
    for below in plan.get("Plans", ()):
        yield from _nodes(below)
