"""What is answered of vital signs, and by what they are listed."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from server.core import fields as f
from server.core.clock import begin_of, end_of
from server.core.refs import AUTHOR, VOIDED, patient_ref, person_ref, taken_back
from server.core.schema import ListQuery, Out, SortKeys
from server.modules.visits.schemas.words import Words
from server.modules.vitals.enums import Flag, Kind, MeasurementStatus

_MAYBE = {"type": ["object", "null"]}
_FLAGS = [*Flag, None]
# What the patient reads of a set once its visit is completed.
WORDS = ("notes",)


def _entered(value: float, unit: str) -> dict[str, Any]:
    return {"value": value, "unit": unit}


def _range(low: float | None, high: float | None, source: str | None) -> dict[str, Any] | None:
    return {"low": low, "high": high, "source": source} if source else None


class MeasurementOut(Schema):
    """One value: in its canonical unit, as entered, and where it lies against the range that was used."""

    id = fields.UUID(required=True)
    kind = fields.String(required=True, metadata={"enum": list(Kind)})
    value = fields.Float(
        required=True,
        metadata={
            "description": "In `unit`; rounded where it comes from another system of units: degrees, centimetres, "
            "mg/dL and the BMI to one place, kilograms to two."
        },
    )
    unit = fields.String(required=True)
    entered = f.Computed(_entered, "entered_value", "entered_unit", metadata={"type": "object"})
    flag = fields.String(required=True, allow_none=True, metadata={"enum": _FLAGS})
    range = f.Computed(
        _range,
        *("range_low", "range_high", "range_source"),
        metadata={**_MAYBE, "description": "Null where no range is published for this kind and age."},
    )
    loinc = fields.String(required=True)
    status = fields.String(required=True, metadata={"enum": list(MeasurementStatus)})
    recorded_by = fields.UUID(required=True, allow_none=True)
    author = f.Computed(person_ref, *AUTHOR, metadata=_MAYBE)
    recorded_at = f.Instant(required=True)
    superseded = f.Computed(
        taken_back,
        *("superseded_at", "superseded_by", "amender_first_name", "amender_last_name", "superseded_reason"),
        metadata=_MAYBE,
    )


class VitalSetOut(Out):
    """When, whose and by whom: a set without its values."""

    patient_id = fields.UUID(required=True)
    patient = f.Computed(
        patient_ref,
        *("patient_id", "patient_first_name", "patient_last_name", "patient_mrn"),
        metadata={"type": "object"},
    )
    visit_id = fields.UUID(required=True, allow_none=True)
    doctor_id = fields.UUID(required=True, allow_none=True, metadata={"description": "The doctor of the visit."})
    doctor = f.Computed(person_ref, "doctor_id", "doctor_first_name", "doctor_last_name", metadata=_MAYBE)
    measured_at = f.Instant(required=True)
    notes = Words()
    status = fields.String(
        required=True, metadata={"enum": [MeasurementStatus.FINAL, MeasurementStatus.ENTERED_IN_ERROR]}
    )
    source = fields.String(required=True)
    recorded_by = fields.UUID(required=True, allow_none=True)
    author = f.Computed(person_ref, *AUTHOR, metadata=_MAYBE)
    voided = f.Computed(taken_back, *VOIDED, metadata=_MAYBE)


class VitalSetAnswer(VitalSetOut):
    """A set of values that were measured together; one set by its id shows superseded values too."""

    measurements = fields.List(fields.Nested(MeasurementOut), required=True)


class PointOut(Schema):
    """One point of a series."""

    id = fields.UUID(required=True)
    vital_id = fields.UUID(required=True, attribute="set_id")
    at = f.Instant(required=True, attribute="measured_at")
    value = fields.Float(required=True)
    unit = fields.String(required=True)
    flag = fields.String(required=True, allow_none=True, metadata={"enum": _FLAGS})


class VitalsAnswer(VitalSetAnswer):
    """A set or, where one kind is asked for, a point of its series: `id, vital_id, at, value, unit, flag`."""

    vital_id = fields.UUID()
    at = f.Instant()
    value = fields.Float()
    unit = fields.String()
    flag = fields.String(allow_none=True, metadata={"enum": _FLAGS})

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Promise only what both have."""
        field_obj.required = field_name == "id"


class _VitalsQuery(ListQuery):
    sort = SortKeys("measured_at")
    patient_id = f.Id()
    doctor_id = f.Id(metadata={"description": "The doctor of the visit."})
    visit_id = f.Id()
    status = f.Choice(
        MeasurementStatus,
        metadata={
            "description": "Without it, what stands. `superseded` lists the sets of which a value was amended, or of "
            "one kind the values that were."
        },
    )

    @validates_schema(skip_on_field_errors=True)
    def _in_order(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if {"from", "to"} <= data.keys() and end_of(data["to"]) <= begin_of(data["from"]):
            raise ValidationError("Must not be before `from`.", "to")


_RANGE: dict[str, fields.Field[Any]] = {"from": f.DayOrInstant(), "to": f.DayOrInstant()}

VitalsQuery = _VitalsQuery.from_dict(_RANGE, name="VitalsQuery")
SeriesQuery = _VitalsQuery.from_dict(
    {
        **_RANGE,
        "kind": fields.String(
            validate=validate.OneOf(list(Kind)),
            metadata={"description": "Answers the series of this kind, oldest first, in place of the sets."},
        ),
    },
    name="SeriesQuery",
)
