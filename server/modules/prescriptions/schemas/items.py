"""The shapes of what is prescribed: medication, dose, how often, how much."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields, pre_load, validates_schema

from server.core import fields as f
from server.core.schema import Body

MOST_ITEMS = 20
MOST_UNITS = 100_000
MOST_REFILLS = 99
_MOST_DAYS = 3_650
_LARGEST_DOSE = Decimal(1_000_000)
_PLACES = 6
_OBJECT = {"type": "object"}
_MAYBE = {"type": ["object", "null"]}
# What a prescription of one item may say without a list.
SINGLE = (
    *("medication_id", "dose", "route", "frequency", "duration_days", "quantity", "refills_allowed", "instructions"),
    "substitution_allowed",
)


class DoseValue(fields.Field[str]):
    """How much: a positive JSON number, or the same as a string; kept as it was written."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(metadata={"type": "number", "description": "A decimal string is taken too."}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number or (isinstance(value, str) and f.Matches(r"^[0-9]{1,7}([.][0-9]{1,6})?$")(value)):
            number = Decimal(str(value))
            exponent = number.normalize().as_tuple().exponent
            if 0 < number <= _LARGEST_DOSE and isinstance(exponent, int) and -exponent <= _PLACES:
                return f"{number.normalize():f}"
        raise ValidationError("Expected a positive number of at most 6 decimal places.")


class DoseIn(Body):
    """How much at once: 500 mg, 2 tablets."""

    value = DoseValue(required=True)
    unit = f.Line(most=30, required=True)


class FrequencyIn(Body):
    """How often."""

    times_per_day = f.Count(1, 48, allow_none=True, load_default=None)
    interval_hours = f.Count(1, 24 * 31, allow_none=True, load_default=None)
    as_needed = f.Flag(load_default=False)

    @validates_schema(skip_on_field_errors=True)
    def _says_something(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if not any(data.values()):
            raise ValidationError("Say how often, or that it is taken as needed.", "times_per_day")


class _Described(Body):
    dose = f.WholeNested(DoseIn, allow_none=True, load_default=None)
    route = f.Line(most=60, allow_none=True, load_default=None)
    frequency = f.WholeNested(FrequencyIn, allow_none=True, load_default=None)
    duration_days = f.Count(1, _MOST_DAYS, allow_none=True, load_default=None)
    refills_allowed = f.Count(0, MOST_REFILLS, load_default=0)
    instructions = f.Paragraphs(most=2000, allow_none=True, load_default=None)
    substitution_allowed = f.Flag(load_default=True)


class PrescriptionItemIn(_Described):
    """One medication of a prescription; `quantity` counts base units, once and for each refill."""

    medication_id = f.Id(required=True)
    quantity = f.Count(1, MOST_UNITS, required=True)


class ItemAgain(PrescriptionItemIn):
    """One medication of a prescription, as it was shown: what the server said of it is passed over."""

    @pre_load
    def _without_what_was_shown(self, data: Any, **_kwargs: Any) -> Any:
        shown = {"id", "medication", "dispensed", "remaining", "refills_left"}
        return {name: value for name, value in data.items() if name not in shown} if isinstance(data, dict) else data


class ItemToCheck(_Described):
    """One medication that may be prescribed."""

    medication_id = f.Id(required=True)
    quantity = f.Count(1, MOST_UNITS, allow_none=True, load_default=None)


class PrescriptionItemOut(Body):
    """One medication of a prescription, and how much of it is left."""

    id = fields.UUID(required=True)
    medication_id = fields.UUID(required=True)
    medication = fields.Dict(required=True, metadata=_OBJECT)
    dose = fields.Dict(required=True, allow_none=True, metadata=_MAYBE)
    route = fields.String(required=True, allow_none=True)
    frequency = fields.Dict(required=True, allow_none=True, metadata=_MAYBE)
    duration_days = fields.Integer(required=True, allow_none=True)
    quantity = fields.Integer(required=True, allow_none=True)
    refills_allowed = fields.Integer(required=True)
    instructions = fields.String(required=True, allow_none=True)
    substitution_allowed = fields.Boolean(required=True)
    dispensed = fields.Integer(required=True, metadata={"description": "Base units, what is laid ready included."})
    remaining = fields.Integer(required=True, allow_none=True, metadata={"description": "With all refills."})
    refills_left = fields.Integer(required=True, allow_none=True)
