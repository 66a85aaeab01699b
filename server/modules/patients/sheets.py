"""Read and write patients as CSV: one line each, UTF-8, our field names in the header.

A cell that a spreadsheet would run as a formula goes out behind a single quote, and loses it again on its way in.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

import orjson
from marshmallow import ValidationError

from server.core.cells import guard, unguard
from server.core.inputs import invalid
from server.modules.patients.schemas.sheet import PatientRow

_ADDRESS = ("line1", "line2", "city", "state", "postal_code", "country")
COLUMNS = (
    *("id", "mrn", "prefix", "first_name", "middle_name", "last_name", "preferred_name", "maiden_name"),
    *("date_of_birth", "sex", "gender_identity", "phone", "email"),
    *(f"address_{part}" for part in _ADDRESS),
    *("language", "marital_status", "occupation", "status", "deceased_on", "notes", "identifiers"),
)
ACCEPTED = frozenset({*COLUMNS, "external_id", "name", "gender"})


class BadHeader(Exception):
    """The first line does not name our fields."""


@dataclass
class Line:
    """One line of a sheet: its fields, or what is wrong with which."""

    number: int
    fields: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)


def read_lines(file: IO[str]) -> Iterator[Line]:
    """Yield the lines, each checked by the schema that people's input goes through."""
    reader = csv.reader(file, strict=True)
    header = _header(next(reader, []))
    schema = PatientRow()
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Line(number, errors={"(line)": [f"Not CSV: {error}."]})
            continue
        if any(cells):
            yield _line(number, header, cells, schema)


def _header(names: Sequence[str]) -> list[str]:
    header = [name.strip().replace("address.", "address_") for name in names]
    unknown = [name for name in header if name not in ACCEPTED]
    repeated = sorted({name for name in header if header.count(name) > 1})
    if not header or unknown or repeated:
        why = f"unknown: {', '.join(map(repr, unknown))}" if unknown else f"repeated: {', '.join(repeated)}"
        raise BadHeader(f"The first line must name our fields ({why if header else 'it is missing'}).")
    return header


def _line(number: int, header: Sequence[str], cells: Sequence[str], schema: PatientRow) -> Line:
    if len(cells) != len(header):
        return Line(number, errors={"(line)": [f"Expected {len(header)} cells, found {len(cells)}."]})
    raw: dict[str, Any] = {}
    for name, cell in zip(header, map(unguard, cells), strict=True):
        if not cell:
            continue
        if name.startswith("address_"):
            raw.setdefault("address", {})[name.removeprefix("address_")] = cell
        elif name == "identifiers":
            try:
                raw[name] = orjson.loads(cell)
            except orjson.JSONDecodeError:
                return Line(number, errors={name: ["Expected a JSON list."]})
        else:
            raw[name] = cell
    try:
        return Line(number, fields=_loaded(schema.load(raw), header))
    except ValidationError as error:
        return Line(number, errors=dict(invalid(error).errors or {}))


def _loaded(loaded: dict[str, Any], header: Sequence[str]) -> dict[str, Any]:
    """Return the fields that the sheet has a column for; without one nothing is said of a field."""
    said = {"address" if name.startswith("address_") else name for name in header}
    said |= {"first_name", "last_name"} if "name" in said else set()
    said |= {"sex"} if "gender" in said else set()
    found = {name: value for name, value in loaded.items() if name in said}
    if "address" in said:
        given = found["address"] or {}
        found["address"] = {part: given.get(part) for part in _ADDRESS if f"address_{part}" in header}
    return found


def write_lines(file: IO[str], rows: Iterable[Any]) -> int:
    """Write the header and a line for each row; return how many."""
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    count = 0
    for row in rows:
        writer.writerow([guard(_cell(row[name])) for name in COLUMNS])
        count += 1
    return count


def _cell(value: Any) -> str:
    if value is None or value == []:
        return ""
    return orjson.dumps(value).decode() if isinstance(value, list) else str(value)
