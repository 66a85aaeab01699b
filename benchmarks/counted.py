"""Goals 3 and 9, which are counted and not timed; the test suite holds them, here their figures are shown."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from benchmarks.clinic import Clinic
from benchmarks.seed_calendar import free_doctor
from server import create_app
from server.config import load_settings
from server.core import clock
from server.core.db import db
from tests.core.listed import FILLERS, fill_patients
from tests.core.test_round_trips import counting
from tests.factories.people import API, SignedIn, signed_in
from tests.legs import forget

DUTY, AMBITION = 2, 1
# psycopg prepares a statement, in a trip of its own, when it comes for the sixth time.
WARM = 8


def measure(clinic: Clinic) -> list[str]:
    """Return both tables, counted in this process on an empty clinic."""
    app = create_app(load_settings({**clinic.environ, "LOG_LEVEL": "ERROR"}))
    try:
        return [*_trips(app), "", *_statements(app)]
    finally:
        forget(app)


def _trips(app: Flask) -> list[str]:
    someone = signed_in(app, "receptionist")
    first, *_ = fill_patients(app, 60)
    with app.app_context():
        day = clock.today() + timedelta(days=7)
    paths = {
        "get one": f"/patients/{first}",
        "page of 50": "/patients?per_page=50",
        "search": "/patients/search?q=given&per_page=50",
        "free slots of a day": f"/doctors/{free_doctor(1)}/availability/slots?from={day}&to={day}",
    }
    lines = ["Goal 3, round trips of a read, PostgreSQL / Redis: duty 2 / 2, ambition 1 / 1"]
    for name, path in paths.items():
        postgres, redis = _count(app, someone, path)
        most = max(postgres, redis)
        says = "ambition reached" if most <= AMBITION else "duty reached" if most <= DUTY else "NOT REACHED"
        lines.append(f"  {name:44}{postgres} / {redis}  {says}")
    return lines


def _count(app: Flask, someone: SignedIn, path: str) -> tuple[int, int]:
    for _ in range(WARM):
        someone.get(path)
    with counting(app, pytest.MonkeyPatch()) as trips:
        someone.get(path)
    return trips.postgres, trips.redis


def _statements(app: Flask) -> list[str]:
    lines = ["Goal 9, statements of a list for 1 row and for 100: equal"]
    for path, fill in FILLERS.items():
        few, many = (_counted(app, fill(app, count)) for count in (1, 100))
        lines.append(f"  {path.removeprefix(API):44}{few} / {many}  {'reached' if few == many else 'NOT REACHED'}")
    return lines


def _counted(app: Flask, filled: Any) -> int:
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    with app.app_context():
        engine = db.engine
    query = {**filled.query, "per_page": 100}
    filled.client.get(filled.path, query_string=query)  # the first one fills caches
    event.listen(engine, "before_cursor_execute", note)
    try:
        filled.client.get(filled.path, query_string=query)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return len(statements)
