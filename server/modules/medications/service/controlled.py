"""Under which schedule of 21 CFR 1308 a product is, by what is in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from server.core.text import fold_key
from server.modules.medications.enums import Schedule
from server.modules.medications.knowledge import key_of
from server.modules.medications.knowledge.tables import listed, read_table


def schedule_of(ingredients: Iterable[str], form: str | None) -> Schedule | None:
    """Return the schedule of a product, the strictest of its ingredients', or None where none is controlled."""
    keys = frozenset(map(key_of, ingredients))
    found = [schedule for key in keys if (schedule := _of_one(key, keys, fold_key(form or "")))]
    return min(found, key=list(Schedule).index, default=None)


def _of_one(key: str, keys: frozenset[str], form_key: str) -> Schedule | None:
    """Return the schedule of an ingredient in a product: the first line of the table that fits."""
    for row in _table().get(key, ()):
        beside = set(map(key_of, listed(row["beside"])))
        forms = [fold_key(form) for form in listed(row["forms"])]
        if (not beside or beside & keys) and (not forms or any(form in form_key for form in forms)):
            return Schedule(row["schedule"])
    return None


@cache
def _table() -> Mapping[str, Sequence[Mapping[str, str]]]:
    found: dict[str, list[Mapping[str, str]]] = {}
    for row in read_table("controlled"):
        found.setdefault(key_of(row["ingredient"]), []).append(row)
    return found
