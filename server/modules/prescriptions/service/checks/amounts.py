"""How much of an ingredient is in a dose: in units of mass, or in pieces and millilitres of a known strength."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from server.core.text import fold, fold_key
from server.modules.medications.knowledge import Substances
from server.modules.prescriptions.service.checks.findings import Asked

# What one is in milligrams; other units (international units, milliequivalents) are compared with themselves alone.
_MILLIGRAMS = {
    **dict.fromkeys(("mg", "milligram", "milligrams"), Decimal(1)),
    **dict.fromkeys(("g", "gm", "gram", "grams"), Decimal(1000)),
    **dict.fromkeys(("mcg", "ug", "microgram", "micrograms", "\u03bcg"), Decimal("0.001")),
}
_OTHERS = {
    **dict.fromkeys(("unt", "unit", "units", "iu", "international units"), "unt"),
    **dict.fromkeys(("meq", "milliequivalent", "milliequivalents"), "meq"),
}
_PIECES = frozenset(
    fold(
        "tablet tablets tab tabs capsule capsules cap caps piece pieces puff puffs actuation actuations spray sprays "
        "patch patches suppository suppositories lozenge lozenges film films"
    )
)
_MILLILITRES = frozenset({"ml", "milliliter", "milliliters", "millilitre", "millilitres"})
_STRENGTH = re.compile(r"(?P<number>[\d,]+(?:\.\d+)?|\.\d+)\s*(?P<unit>[A-Za-zµμ]+)(?:/(?P<per>[A-Za-z]+))?")
_HOURS_OF_A_DAY = 24


@dataclass(frozen=True, slots=True)
class Amount:
    """A number of some unit; masses are milligrams."""

    value: Decimal
    unit: str


def amount_of(asked: Asked, substances: Substances, position: int) -> Amount | None:
    """Return how much of an ingredient is in one dose, or None where that cannot be told."""
    value, unit = _number(asked.dose_value), fold_key(asked.dose_unit or "")
    if value is None:
        return None
    mass = _amount(value, unit)
    if mass is not None:
        # Of a combination nobody can tell which part a mass is said of.
        return mass if len(substances.ingredients) == 1 else None
    strengths = re.split(r"\s+/\s+", substances.strength or "")
    if len(strengths) != len(substances.ingredients):
        return None
    strength = _STRENGTH.match(strengths[position].strip())
    if strength is None:
        return None
    per = fold_key(strength["per"] or "")
    if not ((unit in _PIECES and per in ("", "actuat")) or (unit in _MILLILITRES and per == "ml")):
        return None
    of_one = _number(strength["number"].replace(",", ""))
    return _amount(value * of_one, fold_key(strength["unit"])) if of_one is not None else None


def in_unit(amount: Amount, unit: str) -> Decimal | None:
    """Return an amount in another unit, or None where the two cannot be compared."""
    other = _amount(Decimal(1), fold_key(unit))
    return amount.value / other.value if other is not None and other.unit == amount.unit else None


def times_a_day(asked: Asked) -> Decimal | None:
    """Return how often a dose is taken in a day at most, or None where nobody said."""
    if asked.times_per_day is not None:
        return Decimal(asked.times_per_day)
    if asked.interval_hours:
        return Decimal(max(1, _HOURS_OF_A_DAY // asked.interval_hours))
    return None


def _amount(value: Decimal, unit: str) -> Amount | None:
    if unit in _MILLIGRAMS:
        return Amount(value * _MILLIGRAMS[unit], "mg")
    return Amount(value, _OTHERS[unit]) if unit in _OTHERS else None


def _number(text: str | None) -> Decimal | None:
    try:
        return Decimal(text) if text else None
    except InvalidOperation:
        return None
