"""Write rows of the log as CSV or as a JSON object a line, a thousand at a time."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from server.core.cells import guard
from server.core.dump import row_dumper, to_json
from server.modules.audit.schemas import AuditOut

MEDIA_TYPES = {"csv": "text/csv", "ndjson": "application/x-ndjson"}

Batches = Iterable[Sequence[Any]]


def as_ndjson(batches: Batches, columns: tuple[str, ...]) -> Iterator[bytes]:
    """Yield the rows as lines of JSON, each as the list shows it."""
    dump = row_dumper(AuditOut, columns)
    for rows in batches:
        yield b"".join(to_json(dump(row[1:])) + b"\n" for row in rows)


def as_csv(batches: Batches, columns: tuple[str, ...]) -> Iterator[bytes]:
    """Yield a header and the rows as lines of CSV; lists and objects are JSON in their cell."""
    yield _lines([columns])
    for rows in batches:
        yield _lines([[_cell(value) for value in row[1:]] for row in rows])


def _lines(rows: Iterable[Sequence[str]]) -> bytes:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return guard(value if isinstance(value, str) else to_json(value).decode().strip('"'))
