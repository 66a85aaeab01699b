"""Read sheets: CSV, one line each, our field names in the header. A line is good, or says what is wrong where."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from marshmallow import Schema, ValidationError

from server.core.errors import Invalid
from server.core.inputs import invalid, load
from server.modules.medications.rxnorm import Unreadable

SEPARATOR = ";"


@dataclass
class Line:
    """One line of a sheet: its fields, or what is wrong with which."""

    number: int
    fields: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)


Cell = Callable[[str], Any]


def read_sheet(path: Path, schema: type[Schema], cells: Mapping[str, Cell]) -> Iterator[Line]:
    """Yield the lines, each judged by a schema; `cells` says how the columns are read that are not plain text.

    An empty cell says nothing.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            header = _header(next(reader, []), schema)
            for row in reader:
                if any(row):
                    yield _line(reader.line_num, header, row, schema, cells)
        except csv.Error as error:
            raise Unreadable(f"Line {reader.line_num}: not CSV: {error}.") from None
        except UnicodeDecodeError as error:
            raise Unreadable(f"The file is not UTF-8: {error.reason} at byte {error.start}.") from None


def _header(names: Sequence[str], schema: type[Schema]) -> list[str]:
    header = [name.strip() for name in names]
    known = schema().load_fields
    unknown = [name for name in header if name not in known]
    missing = [name for name, one in known.items() if one.required and name not in header]
    if unknown or missing or len(set(header)) != len(header):
        said = [f"unknown: {', '.join(map(repr, unknown))}"] if unknown else []
        said += [f"missing: {', '.join(missing)}"] if missing else []
        raise Unreadable(f"The first line has to name our fields, each once; {'; '.join(said) or 'one comes twice'}.")
    return header


def _line(
    number: int, header: Sequence[str], row: Sequence[str], schema: type[Schema], cells: Mapping[str, Cell]
) -> Line:
    if len(row) != len(header):
        return Line(number, errors={"(line)": [f"Expected {len(header)} cells, found {len(row)}."]})
    try:
        said = {name: cells.get(name, str)(cell) for name, cell in zip(header, row, strict=True) if cell}
        return Line(number, load(schema, said))
    except ValidationError as error:
        return Line(number, errors=dict(invalid(error).errors or {}))
    except Invalid as error:
        return Line(number, errors=dict(error.errors or {}))


def number_of(cell: str) -> Any:
    """Return a cell as a whole number, or as it is where it is none: the schema then says so."""
    return int(cell) if cell.isascii() and cell.isdigit() and len(cell) <= 10 else cell


def flag_of(cell: str) -> Any:
    """Return a cell as true or false, or as it is."""
    return {"true": True, "yes": True, "false": False, "no": False}.get(cell.casefold(), cell)


def names_of(cell: str) -> list[str]:
    """Return the parts of a cell that lists several."""
    return [part.strip() for part in cell.split(SEPARATOR) if part.strip()]


def ingredients_of(cell: str) -> list[dict[str, str]]:
    """Return the ingredients of a cell, each with its RxNorm code behind a bar where that is known."""
    found = []
    for part in names_of(cell):
        name, has_code, code = part.rpartition("|")
        found.append({"name": name.strip(), "rxnorm_code": code.strip()} if has_code else {"name": part})
    return found
