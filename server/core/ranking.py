"""Rank what a search finds while that is few enough to be looked at; list it by the alphabet when it is not.

A ranking has to look at every match. Where a word matches more than `MOST_RANKED` rows, the list begins where its key
reaches the word and goes on from its beginning at its end: that takes as many rows as the page, by the key's index.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Integer, Select, bindparam, func, literal, select, true, tuple_, union_all
from sqlalchemy.sql import ColumnElement

from server.core.direct import fetch
from server.core.listing import COUNT_CAP, ListSpec, Page, decode, filters_of, is_cursor_of, page_of, place_of

MOST_RANKED = 5_000

Kept = tuple[Select[Any], tuple[str, ...]]

# Short, as each column comes with them: psycopg keeps the parsed form of statements of up to 4,096 characters.
_DRAWN, _PAGE = "d", "p"
_ROWS = bindparam("page_rows", type_=Integer())
_SKIPPED = bindparam("page_skipped", type_=Integer())


@dataclass(frozen=True)
class Search:
    """What is searched: kept statements with their parameters, how matches rank, and where a list would begin.

    `stmt` finds matches by their index; `by_row` finds the same and has no use for it.
    """

    stmt: Select[Any]
    by_row: Select[Any]
    values: Mapping[str, Any]
    rank: ColumnElement[int]
    at: Callable[[], str]


def fetch_ranked(connection: Connection, search: Search, spec: ListSpec, query: Mapping[str, Any]) -> Page:
    """Return one page in the default order: ranked, or from a place in it on where too many rows match.

    A cursor goes on in the order that it was made in.
    """
    cursor = query.get("cursor")
    if not cursor or not is_cursor_of(cursor, _signature("turned", query), _turned_keys(spec)):
        page = _ranked(connection, search, spec, query)
        if page is not None:
            return page
    return _turned(connection, search, spec, query)


def _signature(kind: str, query: Mapping[str, Any]) -> str:
    return f"{kind};{filters_of(query)}"


def _ranked(connection: Connection, search: Search, spec: ListSpec, query: Mapping[str, Any]) -> Page | None:
    """Return one page by rank, then in the list's order, or None where more match than are ranked."""
    number, size, skipped = place_of(query)
    signature, cursor = _signature("ranked", query), query.get("cursor")
    asked = {**search.values, "page_rows": size + 1, "page_skipped": skipped, "page_drawn": MOST_RANKED + 1}
    if cursor:
        keys = decode(cursor, signature, [(search.rank, False), *spec.order(None)])
        asked |= {f"after_{i}": key for i, key in enumerate(keys)}
    made, columns = _make_ranked(search.stmt, spec, search.rank, is_after=bool(cursor))
    found = fetch(connection, made, asked)
    return None if found[0][0] > MOST_RANKED else page_of(found, columns, signature, number, size)


@lru_cache(maxsize=256)
def _make_ranked(stmt: Select[Any], spec: ListSpec, rank: ColumnElement[int], *, is_after: bool) -> Kept:
    (key, _), (tie, _) = spec.order(None)
    drawn = stmt.add_columns(*_labelled(rank, key, tie)).limit(bindparam("page_drawn", type_=Integer())).cte(_DRAWN)
    drawn = drawn.prefix_with("MATERIALIZED", dialect="postgresql")
    counted = select(func.count().label("total")).select_from(drawn).subquery("counted")
    page = select(drawn).order_by(*_keys_of(drawn)).limit(_ROWS).offset(_SKIPPED)
    if is_after:
        after = (bindparam(f"after_{i}", type_=one.type) for i, one in enumerate((rank, key, tie)))
        page = page.where(tuple_(*_keys_of(drawn)) > tuple_(*after))
    return _with_total(counted, page)


def _turned_keys(spec: ListSpec) -> list[tuple[ColumnElement[Any], bool]]:
    return [(literal(0), False), *spec.order(None)]


def _turned(connection: Connection, search: Search, spec: ListSpec, query: Mapping[str, Any]) -> Page:
    """Return one page of the list that begins where its key reaches the place."""
    number, size, skipped = place_of(query)
    signature, cursor, part = _signature("turned", query), query.get("cursor"), None
    asked = {**search.values, "page_rows": size + 1, "page_skipped": skipped, "page_drawn": skipped + size + 1}
    asked["turned_at"] = search.at()
    if cursor:
        part, asked["after_1"], asked["after_2"] = decode(cursor, signature, _turned_keys(spec))
    made, columns = _make_turned(search.by_row, spec, part)
    return page_of(fetch(connection, made, asked), columns, signature, number, size)


@lru_cache(maxsize=256)
def _make_turned(stmt: Select[Any], spec: ListSpec, part: int | None) -> Kept:
    """Return the page as two parts, of which the second is looked for only where the first does not fill it.

    `part` is the one in which the last page ended.
    """
    (key, _), (tie, _) = spec.order(None)
    at, wanted = bindparam("turned_at", type_=key.type), bindparam("page_drawn", type_=Integer())
    after = tuple_(*(bindparam(f"after_{i}", type_=one.type) for i, one in ((1, key), (2, tie))))
    parts = []
    for number, half in enumerate((key >= at, key < at)):
        rows = stmt.where(half, tuple_(key, tie) > after) if number == part else stmt.where(half)
        parts.append(rows.add_columns(*_labelled(literal(number), key, tie)).order_by(key, tie).limit(wanted))
    first = parts[0].cte("first_part").prefix_with("MATERIALIZED", dialect="postgresql")
    is_short = select(func.count()).select_from(first).scalar_subquery() < wanted
    chosen = (
        [select(parts[1].subquery())] if part == 1 else [select(first), select(parts[1].where(is_short).subquery())]
    )
    found = union_all(*chosen).subquery("found")
    page = select(found).order_by(*_keys_of(found)).limit(_ROWS).offset(_SKIPPED)
    # How many there are is known already: more than the count says of any list.
    return _with_total(select(literal(COUNT_CAP + 1).label("total")).subquery("counted"), page)


def _labelled(*keys: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    return [key.label(f"_key{i}") for i, key in enumerate(keys)]


def _keys_of(found: Any) -> Sequence[ColumnElement[Any]]:
    return [found.c[f"_key{i}"] for i in range(3)]


def _with_total(counted: Any, rows: Select[Any]) -> Kept:
    """Return the total joined to the rows of a page, so that one past the end still has it."""
    page = rows.subquery(_PAGE)
    whole = select(counted.c.total, page.c["_key2"].label("_there"), *page.c)
    whole = whole.select_from(counted.outerjoin(page, true())).order_by(*_keys_of(page))
    return whole, tuple(page.c.keys())[:-3]
