"""Read and write items as CSV: one line each, UTF-8, our field names in the header.

An empty cell says nothing, or none. What there is of an item is written, and passed over when read: that is counted.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from marshmallow import missing

from server.core import state
from server.core.cells import guard, unguard
from server.core.errors import Invalid
from server.core.inputs import load
from server.core.money import format_money
from server.modules.inventory.schemas.items import ItemPut
from server.modules.inventory.schemas.sheets import ItemLine

_NUMBERS = ("pack_size", "reorder_point", "target_level")
_FLAGS = ("is_critical", "is_active")
_SHOWN_ONLY = ("quantity", "available")
COLUMNS = (
    *("id", "name", "kind", "brand", "sku", "barcode", "category", "unit"),
    *(*_NUMBERS, *_FLAGS, "unit_cost", "supplier", "purchase_link", "image", "notes"),
    *(*_SHOWN_ONLY, "version"),
)
_OTHER_NAMES = {"minimum_stock": "reorder_point"}
_WORDS = {"true": True, "yes": True, "false": False, "no": False}

# What an empty cell says, in columns where it says something.
DEFAULTS: dict[str, Any] = {
    **{name: one.load_default for name, one in ItemPut().fields.items() if one.load_default is not missing},
    "reorder_point": 0,
}
_NOTHING: dict[str, Any] = {**DEFAULTS, "category": None, "supplier": None}
_UNSAID = ("id", "version")


class BadSheet(Exception):
    """The file is no CSV in UTF-8 whose first line names our fields."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a sheet: its fields, or what is wrong with which."""

    number: int
    fields: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)


def read_lines(content: IO[bytes]) -> Iterator[Line]:
    """Yield the lines, each checked by the schema that people's input goes through."""
    try:
        text = content.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadSheet(f"The file is not UTF-8: {error.reason} at byte {error.start}.") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = _header(next(reader, []))
        number = reader.line_num + 1
        for cells in reader:
            if any(cells):
                yield _line(number, header, cells)
            number = reader.line_num + 1
    except csv.Error as error:
        raise BadSheet(f"Line {reader.line_num}: not CSV: {error}.") from None


def _header(names: Sequence[str]) -> list[str]:
    header = [_OTHER_NAMES.get(name.strip(), name.strip()) for name in names]
    unknown = [name for name in header if name not in COLUMNS]
    if not header or unknown or len(set(header)) != len(header):
        why = f"unknown: {', '.join(map(repr, unknown))}" if unknown else "one comes twice"
        raise BadSheet(f"The first line has to name our fields, each once ({why if header else 'it is missing'}).")
    return header


def _line(number: int, header: Sequence[str], cells: Sequence[str]) -> Line:
    if len(cells) != len(header):
        return Line(number, errors={"(line)": [f"Expected {len(header)} cells, found {len(cells)}."]})
    said = {
        name: _value(name, unguard(cell)) if cell else _NOTHING.get(name, "")
        for name, cell in zip(header, cells, strict=True)
        if name not in _SHOWN_ONLY and (cell or name not in _UNSAID)
    }
    try:
        # What is not in the header is not said, so nothing is required of a line that an item is found by.
        sent = {name: value for name, value in said.items() if name != "unit_cost" or value != DEFAULTS["unit_cost"]}
        return Line(number, {**said, **load(ItemLine, sent, partial=True)})
    except Invalid as error:
        return Line(number, errors=dict(error.errors or {}))


def _value(name: str, cell: str) -> Any:
    """Return a cell as its column holds it, or as it is: the schema then says what is wrong with it."""
    if name in (*_NUMBERS, "version"):
        return int(cell) if cell.isascii() and cell.isdigit() and len(cell) <= 10 else cell
    return _WORDS.get(cell.casefold(), cell) if name in _FLAGS else cell


def as_csv(batches: Iterable[Iterable[Any]]) -> Iterator[bytes]:
    """Yield a header and the rows as lines of CSV."""
    yield _lines([COLUMNS])
    currency = state.settings().clinic_currency
    for rows in batches:
        yield _lines([[guard(_cell(row._mapping[name], name, currency)) for name in COLUMNS] for row in rows])


def _lines(rows: Iterable[Sequence[str]]) -> bytes:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue().encode()


def _cell(value: Any, name: str, currency: str) -> str:
    if value is None:
        return ""
    if name in _FLAGS:
        return "true" if value else "false"
    return format_money(value, currency) if name == "unit_cost" else str(value)
