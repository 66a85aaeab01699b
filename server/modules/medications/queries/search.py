"""Look for products: which of them contain some words, and which of those come first."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import and_, bindparam, case, func
from sqlalchemy.sql import ColumnElement

from server.core.errors import refused
from server.core.search import like
from server.core.text import fold
from server.modules.medications.models import Medication

# How many ingredients a product is ranked by; each way to be called has so many places.
_PLACES = 16


def words_of(q: str) -> list[str]:
    """Return the folded words of `q`; none at all is a 422. Unlike phone numbers, strengths are no single number."""
    words = fold(q)
    if not words:
        raise refused("q", why="Expected at least one letter or digit.")
    return words


def containing(words: int, *, by_row: bool) -> list[ColumnElement[bool]]:
    """Return "contains each of so many words", by the index or, for lists in another order, row by row."""
    found = (Medication.search_text.like(bindparam(f"word_{number}"), escape="\\") for number in range(words))
    return [func.coalesce(one, False) if by_row else one for one in found]


@lru_cache(maxsize=32)
def rank_of(words: int) -> ColumnElement[int]:
    """Return a number that is smaller the better a product fits.

    What is called just so (by name, ingredient, brand or code) comes first, then what begins so, then whole words,
    beginnings of words, and the rest; among them products of one ingredient before combinations, and those whose name
    begins with it before "12 HR" and the like.
    """
    names, text = Medication.names_text, Medication.search_text
    whole, begins = (
        and_(*(text.like(bindparam(f"{kind}_{number}"), escape="\\") for number in range(words)))
        for kind in ("whole", "begins")
    )
    way: Any = case(
        (names.like(bindparam("called"), escape="\\"), 0),
        (names.like(bindparam("called_from"), escape="\\"), 1),
        (whole, 2),
        (begins, 3),
        else_=4,
    )
    several: Any = case((Medication.ingredient_count >= _PLACES, _PLACES - 1), else_=Medication.ingredient_count)
    begins_with_it: Any = case((Medication.name_key.like(bindparam("first"), escape="\\"), 0), else_=1)
    rank: ColumnElement[int] = (way * _PLACES + several) * 2 + begins_with_it
    return rank


def rank_values(words: Sequence[str]) -> dict[str, str]:
    """Return the values of the parameters by which products are ranked."""
    named = like(" ".join(words))
    found = {"called": f"%|{named}|%", "called_from": f"%|{named}%", "first": f"{like(words[0])}%"}
    for number, word in enumerate(words):
        found |= {f"whole_{number}": f"% {like(word)} %", f"begins_{number}": f"% {like(word)}%"}
    return found
