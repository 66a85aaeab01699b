"""Read observations of vital signs; those of other kinds wait for their room."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from server.modules.fhir.mapping.reading import (
    Mapped,
    NotPlaced,
    codings_of,
    happened,
    objects_of,
    part_of,
    status_of,
    text_of,
)
from server.modules.fhir.models import Reason
from server.modules.vitals.enums import Kind
from server.modules.vitals.service.measuring import Value, value_of
from server.modules.vitals.units import BeyondLimits, UnknownUnit

_LOINC = "http://loinc.org"
_UCUM = "http://unitsofmeasure.org"
_VITAL_SIGNS = "vital-signs"
_STANDS, _CANCELLED = "stands", "cancelled"
# FHIR R4, ObservationStatus.
_STATUSES = {
    "preliminary": _STANDS,
    "final": _STANDS,
    "amended": _STANDS,
    "corrected": _STANDS,
    "unknown": _STANDS,
    _CANCELLED: _CANCELLED,
}
# LOINC; a room keeps the code of the kind, so that oral and other temperatures are one series.
_KINDS = {
    "8867-4": Kind.HEART_RATE,
    "8480-6": Kind.SYSTOLIC,
    "8462-4": Kind.DIASTOLIC,
    "8310-5": Kind.TEMPERATURE,
    "8331-1": Kind.TEMPERATURE,  # oral
    "9279-1": Kind.RESPIRATORY_RATE,
    "59408-5": Kind.SPO2,
    "2708-6": Kind.SPO2,
    "29463-7": Kind.WEIGHT,
    "3141-9": Kind.WEIGHT,  # measured
    "8302-2": Kind.HEIGHT,
    "39156-5": Kind.BMI,
    "2339-0": Kind.GLUCOSE,
    "72514-3": Kind.PAIN,
}
# How units are written where they are not coded in UCUM.
_UNITS = {
    "mmHg": "mm[Hg]",
    "bpm": "/min",
    "beats/min": "/min",
    "breaths/min": "/min",
    "{beats}/min": "/min",
    "{breaths}/min": "/min",
    "1/min": "/min",
    "°C": "Cel",
    "degC": "Cel",
    "°F": "[degF]",
    "degF": "[degF]",
    "lb": "[lb_av]",
    "lbs": "[lb_av]",
    "in": "[in_i]",
    "kg/m²": "kg/m2",
}


def is_vital_sign(resource: dict[str, Any]) -> bool:
    """Whether an Observation is of a kind that vital signs have a room for."""
    categories = {code for one in objects_of(resource, "category") for _, code, _ in codings_of(one)}
    return _VITAL_SIGNS in categories and any(kind for kind, _ in _parts(resource))


def read_vitals(resource: dict[str, Any]) -> Mapped:
    """Return when an Observation was made and its values, a panel's components among them; refuse it without any."""
    if not is_vital_sign(resource):
        raise NotPlaced(Reason.NO_ROOM)
    if status_of(resource, _STATUSES) == _CANCELLED:
        raise NotPlaced(Reason.NOT_IN_FORCE)
    at = happened(resource.get("effectiveDateTime") or part_of(resource, "effectivePeriod", "start"), "effective")
    mapped = Mapped({"measured_at": at, "values": {}})
    values: dict[Kind, Value] = mapped.fields["values"]
    for kind, part in _parts(resource):
        if kind is None:
            mapped.left_out.append("component: of a kind without a room")
        elif kind in values:
            mapped.left_out.append(f"{kind}: a second value")
        elif value := _value(kind, part, mapped.left_out):
            values[kind] = value
    if not values:
        raise NotPlaced(Reason.INVALID, "; ".join(mapped.left_out))
    systolic, diastolic = values.get(Kind.SYSTOLIC), values.get(Kind.DIASTOLIC)
    if systolic and diastolic and systolic.value <= diastolic.value:
        raise NotPlaced(Reason.INVALID, "systolic: must exceed the diastolic pressure")
    return mapped


def _parts(resource: dict[str, Any]) -> list[tuple[Kind | None, dict[str, Any]]]:
    """Return the kind of an Observation that has a value or no components, and those of its components."""
    components = [(_kind(one), one) for one in objects_of(resource, "component")]
    own = _kind(resource)
    return [*([(own, resource)] if own or not components else []), *components]


def _kind(part: dict[str, Any]) -> Kind | None:
    codes = (code for system, code, _ in codings_of(part.get("code")) if system == _LOINC)
    return next((_KINDS[code] for code in codes if code in _KINDS), None)


def _value(kind: Kind, part: dict[str, Any], left_out: list[str]) -> Value | None:
    """Return the value in the unit that it came with; one without a unit is not guessed at."""
    quantity = part.get("valueQuantity")
    number = quantity.get("value") if isinstance(quantity, dict) else None
    if not isinstance(quantity, dict) or not isinstance(number, int | float) or isinstance(number, bool):
        left_out.append(f"{kind}: no value")
        return None
    if quantity.get("comparator") is not None:
        left_out.append(f"{kind}: not an exact value")
        return None
    coded = text_of(quantity.get("code")) if quantity.get("system") in (_UCUM, None) else None
    unit = coded or text_of(quantity.get("unit"))
    if unit is None:
        left_out.append(f"{kind}: no unit")
        return None
    try:
        return value_of(kind, Decimal(str(number)), _UNITS.get(unit, unit))
    except (UnknownUnit, BeyondLimits) as error:
        left_out.append(f"{kind}: {error}")
        return None
