"""List once: allow-listed sort keys, page or cursor, a capped count, one statement for rows and total."""

from __future__ import annotations

import base64
import binascii
import hashlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import Connection, Integer, Select, and_, bindparam, false, func, literal, or_, select, true, tuple_
from sqlalchemy.sql import ColumnElement, Subquery

from server.core.direct import fetch
from server.core.errors import InvalidCursor, UseCursor

COUNT_CAP = 1_000
DEEPEST_ROW = 10_000


@dataclass(frozen=True, eq=False)
class ListSpec:
    """What a list can be sorted by (name -> never-null column), the tie-breaker, and the default order."""

    sorts: Mapping[str, Any]
    tie: Any
    default: str

    def order(self, sort: str | None) -> list[tuple[ColumnElement[Any], bool]]:
        """Return (column, descending) pairs, the tie-breaker last, in the direction of the key before it."""
        pairs: dict[str, tuple[ColumnElement[Any], bool]] = {}
        for key in (sort or self.default).split(","):
            name = key.removeprefix("-")
            pairs.setdefault(name, (self.sorts[name], key.startswith("-")))
        last = next(reversed(pairs.values()))
        return [*pairs.values(), (self.tie, last[1])]


@dataclass
class Page:
    """One page of rows and what its `meta` says."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]
    meta: dict[str, Any]
    links: dict[str, dict[str, Any]] = field(default_factory=dict)


def fetch_page(
    connection: Connection,
    stmt: Select[Any],
    spec: ListSpec,
    query: Mapping[str, Any],
    *,
    first: Sequence[Any] = (),
    values: Mapping[str, Any] | None = None,
) -> Page:
    """Run `stmt` for one page.

    `first` are ranking columns that sort ascending before the list's own order. `values` are those of the parameters
    of a kept statement. The count is exact up to 1,000 and costs no more than that; beyond, `total_is_estimate` is true
    and `total` is a lower bound.
    """
    sort, cursor = query.get("sort"), query.get("cursor")
    number, size, skipped = place_of(query)
    make = _kept_page if values is not None else _make_page
    page = make(stmt, spec, sort, tuple(first), is_after=bool(cursor))
    signature = f"{'rank,' * len(first)}{sort or spec.default};{filters_of(query)}"
    asked = {**(values or {}), _ROWS: size + 1}
    if cursor:
        asked.update(zip(page.after, decode(cursor, signature, page.order), strict=True))
    else:
        asked[_SKIPPED] = skipped
    found = connection.execute(page.stmt, asked).all() if values is None else fetch(connection, page.stmt, asked)
    return page_of(found, page.columns, signature, number, size)


def place_of(query: Mapping[str, Any]) -> tuple[int | None, int, int]:
    """Return which page is asked for (None: what follows a cursor), its size, and how many rows come before it."""
    number, size = query.get("page"), query["per_page"]
    if query.get("cursor"):
        if number:
            raise InvalidCursor({"cursor": ["Give a page or a cursor, not both."]})
        return None, size, 0
    number = number or 1
    if number * size > DEEPEST_ROW:
        raise UseCursor({"page": [f"page x per_page may reach {DEEPEST_ROW}; go on with the cursor."]})
    return number, size, (number - 1) * size


def page_of(
    found: Sequence[Sequence[Any]], columns: tuple[str, ...], signature: str, number: int | None, size: int
) -> Page:
    """Return the page in rows of the total, whether a row is there, `columns`, and the keys."""
    width = len(columns)
    rows = [row[2:] for row in found if row[1] is not None]
    following = _encode(signature, rows[size - 1][width:]) if len(rows) > size else None
    shown = [row[:width] for row in rows[:size]]
    return Page(columns, shown, *_meta_and_links(found[0][0], number, size, following))


@dataclass(frozen=True)
class _PageStatement:
    """A page as one statement: the total, whether a row is there, `columns`, and the keys by which it is ordered."""

    stmt: Select[Any]
    columns: tuple[str, ...]
    order: Sequence[tuple[ColumnElement[Any], bool]]
    after: tuple[str, ...]


_ROWS, _SKIPPED = "page_rows", "page_skipped"


def _make_page(
    stmt: Select[Any], spec: ListSpec, sort: str | None, first: tuple[Any, ...], *, is_after: bool
) -> _PageStatement:
    """Count up to the cap and fetch the page in one statement, so that a page past the end still has its total."""
    order = [*((column, False) for column in first), *spec.order(sort)]
    keyed = stmt.add_columns(*(column.label(f"_key{i}") for i, (column, _) in enumerate(order)))
    keyed = keyed.order_by(*_directed(order)).limit(bindparam(_ROWS, type_=Integer()))
    after: tuple[str, ...] = ()
    if is_after:
        after = tuple(f"page_after_{i}" for i in range(len(order)))
        keyed = keyed.where(_after(order, after))
    else:
        keyed = keyed.offset(bindparam(_SKIPPED, type_=Integer()))
    counted = counted_of(stmt)
    page = keyed.subquery("page")
    ordered = [(page.c[f"_key{i}"], descending) for i, (_, descending) in enumerate(order)]
    there = list(page.c)[-1].label("_there")
    both = select(counted.c.total, there, *page.c).select_from(counted.outerjoin(page, true()))
    return _PageStatement(both.order_by(*_directed(ordered)), tuple(page.c.keys())[: -len(order)], order, after)


def counted_of(stmt: Select[Any]) -> Subquery:
    """Return the `total` of what a statement finds, counted up to one more than the cap."""
    capped = stmt.with_only_columns(literal(1).label("one"), maintain_column_froms=True).order_by(None)
    return select(func.count().label("total")).select_from(capped.limit(COUNT_CAP + 1).subquery()).subquery("counted")


_kept_page = lru_cache(maxsize=512)(_make_page)


def _meta_and_links(
    total: int, number: int | None, size: int, cursor: str | None
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    meta: dict[str, Any] = {
        "page": number,
        "per_page": size,
        "total": min(total, COUNT_CAP),
        "pages": -(-min(total, COUNT_CAP) // size),
        "next_cursor": cursor,
    }
    if total > COUNT_CAP:
        meta["total_is_estimate"] = True
    links: dict[str, dict[str, Any]] = {}
    if cursor:
        deep = number is None or (number + 1) * size > DEEPEST_ROW
        links["next"] = {"cursor": cursor} if deep else {"page": number + 1 if number else None}
    if number and number > 1:
        links["prev"] = {"page": number - 1}
    return meta, links


def _directed(order: Sequence[tuple[Any, bool]]) -> list[Any]:
    return [column.desc() if descending else column.asc() for column, descending in order]


def _after(order: Sequence[tuple[Any, bool]], names: Sequence[str]) -> ColumnElement[bool]:
    """Return "comes after the keys of these names", in a form that an index on the keys can begin at."""
    columns = [column for column, _ in order]
    bound = [bindparam(name, type_=column.type) for (column, _), name in zip(order, names, strict=True)]
    directions = {descending for _, descending in order}
    if len(directions) == 1:
        keys, limit = tuple_(*columns), tuple_(*bound)
        return keys < limit if directions.pop() else keys > limit
    return _after_mixed(order, bound)


def _after_mixed(order: Sequence[tuple[Any, bool]], bound: Sequence[Any]) -> ColumnElement[bool]:
    reached: list[ColumnElement[bool]] = []
    cases: list[ColumnElement[bool]] = [false()]
    for (column, descending), value in zip(order, bound, strict=True):
        cases.append(and_(*reached, column < value if descending else column > value))
        reached.append(column == value)
    first, descending = order[0]
    return and_(first <= bound[0] if descending else first >= bound[0], or_(*cases))


def filters_of(query: Mapping[str, Any]) -> str:
    """Return a digest of what a list was filtered by, so that a cursor fits that list only."""
    asked = sorted((name, str(value)) for name, value in query.items() if name not in _PAGING)
    return hashlib.sha256(repr(asked).encode()).hexdigest()[:12] if asked else ""


_PAGING = frozenset({"page", "per_page", "cursor", "sort"})
_TYPES: dict[str, tuple[type, Callable[[str], Any]]] = {
    "u": (uuid.UUID, uuid.UUID),
    "t": (datetime, datetime.fromisoformat),
    "d": (date, date.fromisoformat),
    "s": (str, str),
    "i": (int, int),
}


def _storable(value: Any) -> bool:
    """Whether both databases can compare with this value."""
    if isinstance(value, datetime):
        # The first and the last year are left out: in another zone they may lie outside the calendar.
        return value.tzinfo is not None and 1 < value.year < 9999
    return "\x00" not in value if isinstance(value, str) else not isinstance(value, int) or abs(value) < 2**31


def _encode(signature: str, values: Sequence[Any]) -> str:
    tagged = []
    for value in values:
        tag = next(tag for tag, (kind, _) in _TYPES.items() if isinstance(value, kind))
        tagged.append(tag + (value.isoformat() if isinstance(value, date) else str(value)))
    return base64.urlsafe_b64encode(orjson.dumps([signature, *tagged])).decode().rstrip("=")


def is_cursor_of(cursor: str, signature: str, order: Sequence[Any]) -> bool:
    """Whether a cursor was made for the list and order that a signature names."""
    try:
        decode(cursor, signature, order)
    except InvalidCursor:
        return False
    return True


def decode(cursor: str, signature: str, order: Sequence[Any]) -> list[Any]:
    """Return the keys that a cursor holds, or raise `InvalidCursor` where it is of another list or order."""
    values: list[Any] = []
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        first, *tagged = orjson.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
        values = [_TYPES[item[0]][1](item[1:]) for item in tagged]
        kinds_fit = all(
            isinstance(value, column.type.python_type) and _storable(value)
            for value, (column, _) in zip(values, order, strict=True)
        )
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, binascii.Error, UnicodeError):
        kinds_fit, first = False, None
    if first != signature or not kinds_fit:
        raise InvalidCursor({"cursor": ["Not a cursor of this list in this order."]})
    return values
