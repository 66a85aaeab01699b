"""The floor: bare WSGI, raw SQL, orjson. Nobody signs in, nothing is counted, nothing is recorded."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment
from zoneinfo import ZoneInfo

import orjson
import psycopg
from psycopg.rows import tuple_row

from benchmarks.cursors import cursor_of
from benchmarks.floor_booking import book, book_locked
from tests.servers import dsn

_held = threading.local()

_COLUMNS = (
    *("id", "created_at", "updated_at", "version", "mrn", "prefix", "first_name", "middle_name", "last_name"),
    *("preferred_name", "maiden_name", "date_of_birth", "sex", "gender_identity", "phone", "email"),
    *("language", "marital_status", "occupation", "primary_doctor_id", "status", "deceased_on", "notes"),
    *("identifiers", "possible_duplicate"),
)
_ADDRESS = ("line1", "line2", "city", "state", "postal_code", "country")
_SELECTED = ", ".join((*_COLUMNS, *(f"address_{part}" for part in _ADDRESS)))
_WIDTH = len(_COLUMNS)
_BORN, _DIED = _COLUMNS.index("date_of_birth"), _COLUMNS.index("deceased_on")
_FIRST, _LAST = _COLUMNS.index("first_name"), _COLUMNS.index("last_name")
_HIDDEN = "status NOT IN ('inactive', 'merged')"

# ruff: noqa: S608 -- what is put into the statements are the constants above
_NEXT = """
(SELECT starts_at FROM appointments WHERE patient_id = patients.id AND starts_at >= now()
  AND status IN ('scheduled', 'confirmed') ORDER BY starts_at LIMIT 1)
"""
_ONE = f"SELECT {_SELECTED}, {_NEXT} FROM patients WHERE id = %s AND merged_into_id IS NULL"
_PAGE = f"""
SELECT {_SELECTED}, last_name_key, counted.total
FROM patients, (SELECT count(*) AS total FROM (SELECT FROM patients WHERE {_HIDDEN} LIMIT 1001) AS capped) AS counted
WHERE {_HIDDEN} ORDER BY last_name_key, id LIMIT %s OFFSET %s
"""
_SEARCH = """
SELECT {selected}, {rank} AS rank, last_name_key, counted.total
FROM patients, (SELECT count(*) AS total FROM (SELECT FROM patients WHERE {where} LIMIT 1001) AS capped) AS counted
WHERE {where} ORDER BY rank, last_name_key, id LIMIT %(limit)s
"""


def _connection() -> psycopg.Connection[tuple[Any, ...]]:
    """Return this thread's connection, in autocommit."""
    if not hasattr(_held, "connection"):
        uri = dsn(os.environ["DATABASE_URI"])
        _held.connection = psycopg.connect(uri, autocommit=True, row_factory=tuple_row, options="-c timezone=UTC")
    connection: psycopg.Connection[tuple[Any, ...]] = _held.connection
    return connection


def disconnect() -> None:
    """Close this thread's connection."""
    if hasattr(_held, "connection"):
        _held.connection.close()
        del _held.connection


def _shown(row: tuple[Any, ...]) -> dict[str, Any]:
    patient = dict(zip(_COLUMNS, row, strict=False))
    patient["name"] = f"{row[_FIRST]} {row[_LAST]}"
    born, until = row[_BORN], row[_DIED] or date.today()  # noqa: DTZ011 -- the servers' clock is UTC
    patient["age"] = until.year - born.year - ((until.month, until.day) < (born.month, born.day))
    address = row[_WIDTH : _WIDTH + len(_ADDRESS)]
    patient["address"] = dict(zip(_ADDRESS, address, strict=True)) if any(address) else None
    return patient


def _one(_query: dict[str, str], patient_id: str) -> Any:
    row = _connection().execute(_ONE, [uuid.UUID(patient_id)]).fetchone()
    if row is None:
        return None
    return {"success": True, "data": {**_shown(row), "next_appointment_at": row[-1]}, "message": ""}


def _page(query: dict[str, str]) -> Any:
    number, size = int(query.get("page", 1)), int(query.get("per_page", 25))
    rows = _connection().execute(_PAGE, [size + 1, (number - 1) * size]).fetchall()
    keys = [rows[size - 1][-2], rows[size - 1][0]] if len(rows) > size else []
    return _listed(rows, number, size, cursor_of("last_name", query, keys))


def _search(query: dict[str, str]) -> Any:
    size = int(query.get("per_page", 25))
    words = query["q"].lower().split()
    asked: dict[str, Any] = {f"word{number}": word for number, word in enumerate(words)}
    has_all = " AND ".join(f"search_text LIKE '%%' || %({name})s || '%%'" for name in asked)
    whole = " AND ".join(f"search_text LIKE '%% ' || %({name})s || ' %%'" for name in asked)
    begins = " AND ".join(f"search_text LIKE '%% ' || %({name})s || '%%'" for name in asked)
    rank = f"CASE WHEN {whole} THEN 0 WHEN {begins} THEN 1 ELSE 2 END"
    statement = _SEARCH.format(selected=_SELECTED, rank=rank, where=f"{_HIDDEN} AND {has_all}")
    rows = _connection().execute(statement, {**asked, "limit": size + 1}).fetchall()
    keys = [rows[size - 1][-3], rows[size - 1][-2], rows[size - 1][0]] if len(rows) > size else []
    return _listed(rows, 1, size, cursor_of("rank,last_name", query, keys))


def _listed(rows: list[tuple[Any, ...]], number: int, size: int, cursor: str | None) -> dict[str, Any]:
    counted = rows[0][-1] if rows else 0
    total = min(counted, 1000)
    meta = {"page": number, "per_page": size, "total": total, "pages": -(-total // size), "next_cursor": cursor}
    if counted > total:
        meta["total_is_estimate"] = True
    return {"success": True, "data": [_shown(row) for row in rows[:size]], "message": "", "meta": meta}


def _alive(_query: dict[str, str]) -> Any:
    return {}


_PATHS: dict[str, Callable[[dict[str, str]], Any]] = {
    "/alive": _alive,
    "/api/v1/patients": _page,
    "/api/v1/patients/search": _search,
}


_ZONE = ZoneInfo(os.environ.get("CLINIC_TIMEZONE", "UTC"))
_BOOKINGS = {"/api/v1/appointments": book, "/locked/api/v1/appointments": book_locked}


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer one request."""
    path = environ["PATH_INFO"]
    status, found = _booked(environ) if environ["REQUEST_METHOD"] == "POST" else _read(path, environ["QUERY_STRING"])
    body = orjson.dumps(found, option=orjson.OPT_UTC_Z)
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def _read(path: str, query_string: str) -> tuple[str, Any]:
    query = {name: values[0] for name, values in parse_qs(query_string).items()}
    answer = _PATHS.get(path)
    found = answer(query) if answer else _one(query, path.rpartition("/")[2])
    return "200 OK" if found is not None else "404 Not Found", found


def _booked(environ: WSGIEnvironment) -> tuple[str, Any]:
    body = orjson.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    return _BOOKINGS[environ["PATH_INFO"]](_connection(), body, _ZONE)
