"""Mark what staff wrote on an entry for staff, and show entries without it (ADR 25)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from marshmallow import Schema, fields

from server.core.dump import Dumper, row_dumper

# For the documentation of answers.
HELD = "Absent from the patient's answer until the visit is completed."


class Words(fields.String):
    """Free text that staff wrote on an entry; the patient reads it once the visit of the entry is completed."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_none=True, metadata={"description": HELD, **kwargs.pop("metadata", {})}, **kwargs)


def teller(schema: type[Schema], columns: tuple[str, ...], words: tuple[str, ...]) -> Dumper:
    """Return what turns a row into an answer; the column after `columns` says whether with its words.

    `words` name fields of the answer, or what lies within one: `performed.notes`.
    """
    dump, place = row_dumper(schema, columns), len(columns)

    def tell(row: Any) -> dict[str, Any]:
        return dump(row) if row[place] else without(dump(row), words)

    return tell


def without(shown: Mapping[str, Any], words: Iterable[str]) -> dict[str, Any]:
    """Return what is shown of an entry but for its words: absent and not null."""
    left = dict(shown)
    for name in words:
        outer, _, inner = name.partition(".")
        if not inner:
            left.pop(outer, None)
        elif left.get(outer):
            left[outer] = {one: value for one, value in left[outer].items() if one != inner}
    return left
