"""Read values that were sent: which kind, in which unit, within which limits, and how they go together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from server.core import clock
from server.core.errors import Invalid
from server.modules.vitals.enums import Kind
from server.modules.vitals.judging import Person, judge
from server.modules.vitals.units import MEASURES, BeyondLimits, UnknownUnit, body_mass_index, canonical


@dataclass(frozen=True, slots=True)
class Value:
    """A value of one kind: in its canonical unit, and as it was entered."""

    kind: Kind
    value: Decimal
    entered_value: Decimal
    entered_unit: str


def read_values(sent: Sequence[Mapping[str, Any]]) -> list[Value]:
    """Return the values that were sent, or raise a 422 that names each that cannot be."""
    errors: dict[str, list[str]] = defaultdict(list)
    found: list[Value] = []
    seen: set[Kind] = set()
    for number, one in enumerate(sent):
        path, kind = f"measurements.{number}", Kind(one["kind"])
        if kind in seen:
            errors[f"{path}.kind"].append("Each kind is sent once.")
        seen.add(kind)
        try:
            found.append(value_of(kind, one["value"], one["unit"]))
        except UnknownUnit as error:
            errors[f"{path}.unit"].append(str(error))
        except BeyondLimits as error:
            errors[f"{path}.value"].append(str(error))
    if errors:
        raise Invalid(errors)
    return found


def value_of(kind: Kind, value: Decimal, unit: str) -> Value:
    """Return one value as it is kept; raise `UnknownUnit` or `BeyondLimits`."""
    return Value(kind, canonical(kind, value, unit), value, unit)


def require_pulse_pressure(sent: Sequence[Mapping[str, Any]], standing: Mapping[Kind, Decimal]) -> None:
    """Raise a 422 unless the systolic pressure of a set exceeds the diastolic one; what was sent is blamed."""
    systolic, diastolic = standing.get(Kind.SYSTOLIC), standing.get(Kind.DIASTOLIC)
    if systolic is None or diastolic is None or systolic > diastolic:
        return
    pressures = (Kind.SYSTOLIC, Kind.DIASTOLIC)
    blamed = [f"measurements.{number}.value" for number, one in enumerate(sent) if one["kind"] in pressures]
    raise Invalid({name: ["The systolic pressure must exceed the diastolic one."] for name in blamed})


def bmi_of(standing: Mapping[Kind, Decimal]) -> Value | None:
    """Return the BMI of a set in which weight and height stand, else None."""
    weight, height = standing.get(Kind.WEIGHT), standing.get(Kind.HEIGHT)
    if weight is None or height is None:
        return None
    bmi = body_mass_index(weight, height)
    return Value(Kind.BMI, bmi, bmi, MEASURES[Kind.BMI].unit)


def columns_of(value: Value, person: Person, measured_at: datetime) -> dict[str, Any]:
    """Return what a row says of a value that was measured on somebody at some time."""
    judged = judge(value.kind, value.value, person, local_day(measured_at))
    return {
        "kind": value.kind,
        "value": float(value.value),
        "unit": MEASURES[value.kind].unit,
        "entered_value": float(value.entered_value),
        "entered_unit": value.entered_unit,
        "loinc": MEASURES[value.kind].loinc,
        "flag": judged.flag,
        "range_low": judged.low,
        "range_high": judged.high,
        "range_source": judged.source,
    }


def local_day(at: datetime) -> date:
    """Return the day of an instant by the clinic's clock, on which ages are counted."""
    return at.astimezone(clock.clinic_zone()).date()
