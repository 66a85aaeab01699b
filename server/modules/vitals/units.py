"""In which units vital signs are kept and taken, and within which limits: exact factors, each with its source.

Values are decimals all along. What is sent in the canonical unit is kept as sent, and grams and metres are only written
otherwise; what comes from another system of units is rounded, halves away from zero: degrees, centimetres and mg/dL to
one place, kilograms to two.

Factors: the avoirdupois pound is 0.45359237 kg and the inch 2.54 cm, both exactly (international yard and pound
agreement of 1959); Celsius = (Fahrenheit - 32) x 5/9, exactly (all three: NIST Special Publication 811, appendix B).
Glucose weighs 180.156 g/mol (C6H12O6 by IUPAC's abridged standard atomic weights: C 12.011, H 1.008, O 15.999), so
1 mmol/L is 18.0156 mg/dL. Units are spelt as UCUM spells them.

LOINC codes: those of FHIR's vital signs profiles (HL7, FHIR R4), oxygen saturation by pulse oximetry; glucose is mass
per volume in blood, whatever the meal; pain is the verbal numeric rating from 0 to 10.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from server.modules.vitals.enums import Kind

_POUND = Decimal("0.45359237")
_INCH = Decimal("2.54")
_GLUCOSE = Decimal("18.0156")


@dataclass(frozen=True)
class Conversion:
    """How a value becomes canonical, and to how many places it is rounded; None: it is exact."""

    of: Callable[[Decimal], Decimal]
    places: int | None = None


@dataclass(frozen=True)
class Measure:
    """How one kind is kept: its unit, its absolute limits, its LOINC code, and in what else it is taken."""

    unit: str
    low: Decimal
    high: Decimal
    loinc: str
    others: Mapping[str, Conversion]

    @property
    def accepted(self) -> tuple[str, ...]:
        """The units in which this is taken, the canonical one first."""
        return (self.unit, *self.others)


def _measure(unit: str, low: str, high: str, loinc: str, **others: Conversion) -> Measure:
    return Measure(unit, Decimal(low), Decimal(high), loinc, others)


def _times(factor: Decimal, places: int | None = None) -> Conversion:
    return Conversion(lambda value: value * factor, places)


_CELSIUS = Conversion(lambda fahrenheit: (fahrenheit - 32) * 5 / 9, 1)

# Absolute limits: what lies beyond was mistyped or not measured on a living person.
MEASURES: Mapping[Kind, Measure] = {
    Kind.HEART_RATE: _measure("/min", "10", "300", "8867-4"),
    Kind.SYSTOLIC: _measure("mm[Hg]", "30", "300", "8480-6"),
    Kind.DIASTOLIC: _measure("mm[Hg]", "10", "200", "8462-4"),
    Kind.TEMPERATURE: _measure("Cel", "25", "45", "8310-5", **{"[degF]": _CELSIUS}),
    Kind.RESPIRATORY_RATE: _measure("/min", "2", "100", "9279-1"),
    Kind.SPO2: _measure("%", "10", "100", "59408-5"),
    Kind.WEIGHT: _measure(
        "kg", "0.2", "650", "29463-7", **{"g": _times(Decimal("0.001")), "[lb_av]": _times(_POUND, 2)}
    ),
    Kind.HEIGHT: _measure("cm", "20", "275", "8302-2", **{"m": _times(Decimal(100)), "[in_i]": _times(_INCH, 1)}),
    # Computed, so nothing else is taken; the limits are those of weight and height.
    Kind.BMI: _measure("kg/m2", "0", "20000", "39156-5"),
    Kind.GLUCOSE: _measure("mg/dL", "5", "2000", "2339-0", **{"mmol/L": _times(_GLUCOSE, 1)}),
    Kind.PAIN: _measure("{score}", "0", "10", "72514-3"),
}

# What can be sent, and in what.
SENDABLE = tuple(kind for kind in Kind if kind != Kind.BMI)
UNITS = tuple(dict.fromkeys(unit for kind in SENDABLE for unit in MEASURES[kind].accepted))


class UnknownUnit(ValueError):
    """This kind is not taken in that unit; the message names those in which it is."""


class BeyondLimits(ValueError):
    """The value lies beyond the absolute limits of its kind; the message names them."""


def canonical(kind: Kind, value: Decimal, unit: str) -> Decimal:
    """Return a value in the canonical unit of its kind; raise `UnknownUnit` or `BeyondLimits`.

    The limits are held against the exact value, before it is rounded.
    """
    measure = MEASURES[kind]
    if unit not in measure.accepted:
        raise UnknownUnit(f"Expected {' or '.join(measure.accepted)}.")
    conversion = measure.others.get(unit)
    exact = conversion.of(value) if conversion else value
    if not measure.low <= exact <= measure.high:
        raise BeyondLimits(f"Expected {measure.low} to {measure.high} {measure.unit}.")
    return _rounded(exact, conversion.places) if conversion and conversion.places is not None else exact


def _rounded(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def body_mass_index(weight_kg: Decimal, height_cm: Decimal) -> Decimal:
    """Return kilograms per square metre, to one place (Quetelet's index, as WHO defines the BMI)."""
    return _rounded(weight_kg / (height_cm / 100) ** 2, 1)
