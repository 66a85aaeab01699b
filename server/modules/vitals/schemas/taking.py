"""What is sent of vital signs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields, validate

from server.core import fields as f
from server.core.schema import Body
from server.modules.vitals.units import SENDABLE, UNITS


class Number(fields.Field[Decimal]):
    """A JSON number, read as the decimal that was written; `"5"` and `true` are refused."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(metadata={"type": "number", **kwargs.pop("metadata", {})}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Decimal:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise ValidationError("Expected a number.")
        return Decimal(str(value))


class MeasurementIn(Body):
    """One value, in a unit that its kind is taken in; the BMI is computed and never sent."""

    kind = fields.String(required=True, validate=validate.OneOf(SENDABLE))
    value = Number(required=True)
    unit = fields.String(required=True, metadata={"enum": list(UNITS), "description": "As UCUM spells it."})


def _measurements() -> fields.List:
    return fields.List(fields.Nested(MeasurementIn), required=True, validate=validate.Length(1, len(SENDABLE)))


class VitalsIn(Body):
    """Values that were measured together; without `measured_at`, now."""

    id = f.Id()
    measured_at = f.Instant(allow_none=True, load_default=None)
    measurements = _measurements()
    notes = f.Paragraphs(allow_none=True, load_default=None)


class AmendIn(Body):
    """Values that stand from now on instead of those of the same kind, and why."""

    measurements = _measurements()
    reason = f.Paragraphs(most=500, required=True)
