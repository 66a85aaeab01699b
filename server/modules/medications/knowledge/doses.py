"""How much of an ingredient is too much, by age."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from server.modules.medications.knowledge.keys import key_of
from server.modules.medications.knowledge.tables import read_table

DAYS_OF_A_YEAR = Decimal("365.25")


@dataclass(frozen=True, slots=True)
class Limit:
    """The most of an ingredient at once and in a day, from an age (in days) on; None where the source sets none.

    Zero means: not at this age at all.
    """

    max_single: Decimal | None
    max_daily: Decimal | None
    unit: str
    from_age: int
    source: str


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of the table: bounds, for each kilogram where `is_per_kg`, and then never above the most."""

    limit: Limit
    is_per_kg: bool
    until_age: int | None
    most_single: Decimal | None
    most_daily: Decimal | None


def dose_limits(ingredient_key: str, age_in_days: int, weight: Decimal | None = None) -> Limit | None:
    """Return the bounds for somebody of an age, or None where none are known.

    Bounds by weight (in kg) hold where that is known; where it is not, only what is never exceeded does.
    """
    for row in _rows().get(ingredient_key, ()):
        if row.limit.from_age <= age_in_days and (row.until_age is None or age_in_days < row.until_age):
            return _for_weight(row, weight) if row.is_per_kg else row.limit
    return None


def _for_weight(row: _Row, weight: Decimal | None) -> Limit | None:
    single = _bound(row.limit.max_single, weight, row.most_single)
    daily = _bound(row.limit.max_daily, weight, row.most_daily)
    if single is None and daily is None:
        return None
    return Limit(single, daily, row.limit.unit, row.limit.from_age, row.limit.source)


def _bound(per_kg: Decimal | None, weight: Decimal | None, most: Decimal | None) -> Decimal | None:
    known = [one for one in (per_kg * weight if per_kg is not None and weight is not None else None, most) if one]
    return min(known, default=None)


@cache
def _rows() -> Mapping[str, tuple[_Row, ...]]:
    found: dict[str, list[_Row]] = {}
    for row in read_table("dose_limits"):
        limit = Limit(
            _number(row["max_single"]),
            _number(row["max_daily"]),
            row["unit"],
            _days(row["from_years"]) or 0,
            row["source"],
        )
        one = _Row(
            limit,
            row["per_kg"] == "yes",
            _days(row["until_years"]),
            _number(row["most_single"]),
            _number(row["most_daily"]),
        )
        found.setdefault(key_of(row["ingredient"]), []).append(one)
    return {key: tuple(rows) for key, rows in found.items()}


def _number(cell: str) -> Decimal | None:
    return Decimal(cell) if cell else None


def _days(years: str) -> int | None:
    return int(Decimal(years) * DAYS_OF_A_YEAR) if years else None
