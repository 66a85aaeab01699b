"""The catalogue of vaccines: CDC's CVX codes as they are shipped with this module (data/README.md names the source)."""

from __future__ import annotations

import csv
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from sqlalchemy import Integer, literal_column

from server.core.errors import InvalidCursor
from server.core.listing import Page, decode, filters_of, page_of, place_of
from server.core.search import asked_words
from server.core.text import fold_key
from server.modules.vaccines.enums import CodeStatus

# By which FHIR names CVX; the ids of entries are made of it, so that they are the same everywhere.
SYSTEM = "http://hl7.org/fhir/sid/cvx"
NOTHING_GIVEN = "998"
COLUMNS = ("id", "code", "name", "status", "is_vaccine")

_CODE = literal_column("code", Integer)


@dataclass(frozen=True, slots=True)
class Entry:
    """One code; `is_vaccine` is false for immune globulins, antitoxins and skin tests."""

    code: str
    name: str
    status: CodeStatus
    is_vaccine: bool
    name_key: str

    @property
    def row(self) -> tuple[Any, ...]:
        """Return what `COLUMNS` name."""
        entry_id = uuid.uuid5(uuid.NAMESPACE_URL, f"{SYSTEM}|{self.code}")
        return entry_id, self.code, self.name, self.status, self.is_vaccine


@cache
def entries() -> Mapping[str, Entry]:
    """Return the whole catalogue by code."""
    text = files(__package__).joinpath("data/cvx.csv").read_text(encoding="utf-8")
    return {
        row["code"]: Entry(
            code=row["code"],
            name=row["name"],
            status=CodeStatus(row["status"]),
            is_vaccine=row["is_vaccine"] == "yes",
            name_key=fold_key(row["name"]),
        )
        for row in csv.DictReader(text.splitlines())
    }


_KEYS: Mapping[str, Callable[[Entry], Any]] = {"code": lambda one: int(one.code), "name": lambda one: one.name_key}


def page_of_catalogue(query: Mapping[str, Any]) -> Page:
    """Return one page of the catalogue; the last code shown is the cursor."""
    number, size, skipped = place_of(query)
    sort = query.get("sort") or "code"
    found = _found(query)
    for key in reversed(sort.split(",")):
        found.sort(key=_KEYS[key.removeprefix("-")], reverse=key.startswith("-"))
    signature = f"{sort};{filters_of(query)}"
    if query.get("cursor"):
        (last,) = decode(query["cursor"], signature, [(_CODE, False)])
        skipped = _place_after(found, last)
    total = len(found)
    rows = [(total, 1, *one.row, int(one.code)) for one in found[skipped : skipped + size + 1]]
    return page_of(rows or [(total, None)], COLUMNS, signature, number, size)


def _found(query: Mapping[str, Any]) -> list[Entry]:
    words = asked_words(query["q"]) if "q" in query else []
    return [
        one
        for one in entries().values()
        if all(word in f"{one.code} {one.name_key}" for word in words)
        and query.get("status", one.status) == one.status
        and query.get("is_vaccine", one.is_vaccine) == one.is_vaccine
    ]


def _place_after(found: list[Entry], code: int) -> int:
    for place, one in enumerate(found):
        if int(one.code) == code:
            return place + 1
    raise InvalidCursor({"cursor": ["Not a cursor of this list in this order."]})
