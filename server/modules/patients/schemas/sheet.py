"""The shape of a patient in a sheet: what people write, and what only a take-over from elsewhere may bring."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import ValidationError, fields, validate, validates_schema

from server.core import fields as f
from server.core.schema import Body
from server.modules.patients.enums import PatientStatus
from server.modules.patients.schemas.patient import PatientIn


class IdentifierIn(Body):
    """A number that another system gave a patient."""

    system = f.Line(200)
    value = f.Line(200, required=True)
    type = f.Line(200)


class PatientRow(PatientIn):
    """A line of a sheet; `mrn` and `external_id` are the keys of where it comes from.

    Whom the other place knew as somebody's doctor is unknown here.
    """

    class Meta(PatientIn.Meta):
        exclude: ClassVar[tuple[str, ...]] = (*PatientIn.Meta.exclude, "primary_doctor_id")

    mrn = f.Line(200)
    external_id = f.Line(200)
    status = fields.String(
        validate=validate.OneOf([PatientStatus.ACTIVE, PatientStatus.INACTIVE, PatientStatus.DECEASED])
    )
    deceased_on = f.Day(allow_none=True)
    identifiers = fields.List(fields.Nested(IdentifierIn))

    @validates_schema
    def _dead_or_alive(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if data.get("deceased_on") and data.get("status") != PatientStatus.DECEASED:
            raise ValidationError("Only with the status deceased.", "deceased_on")
