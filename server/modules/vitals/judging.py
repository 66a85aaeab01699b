"""Judge a value: how old its patient was, which range applies, where the value lies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from server.modules.vitals.enums import Flag, Kind
from server.modules.vitals.ranges import RANGES, YEAR, Range


@dataclass(frozen=True, slots=True)
class Person:
    """Whose value it is: born when, and of which administrative sex."""

    born_on: date
    sex: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """Where a value lies, and by which range; all None where there is none."""

    flag: Flag | None = None
    low: float | None = None
    high: float | None = None
    source: str | None = None


def age_in_months(born_on: date, on: date) -> int:
    """Return how many months somebody has completed on a day."""
    months = (on.year - born_on.year) * YEAR + on.month - born_on.month
    return months - (on.day < born_on.day)


def range_of(kind: Kind, person: Person, on: date) -> Range | None:
    """Return the range of a kind for somebody as old as they were on a day, or None where none is published."""
    age = age_in_months(person.born_on, on)
    return next((one for one in RANGES if one.kind == kind and _is_for(one, person, age)), None)


def _is_for(one: Range, person: Person, age: int) -> bool:
    return one.since <= age and (one.until is None or age < one.until) and one.sex in (None, person.sex)


def judge(kind: Kind, value: Decimal, person: Person, on: date) -> Judgement:
    """Return where a canonical value lies against the range of its kind."""
    used = range_of(kind, person, on)
    if used is None:
        return Judgement()
    return Judgement(_flag(used, float(value)), used.low, used.high, used.source)


def _flag(used: Range, value: float) -> Flag:
    if (used.critical_below is not None and value < used.critical_below) or (
        used.critical_above is not None and value > used.critical_above
    ):
        return Flag.CRITICAL
    if used.low is not None and value < used.low:
        return Flag.LOW
    if used.high is not None and value > used.high:
        return Flag.HIGH
    return Flag.NORMAL
