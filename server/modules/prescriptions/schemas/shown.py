"""What is answered of prescriptions, and how they are asked for."""

from __future__ import annotations

import uuid
from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema

from server.core import fields as f
from server.core.clock import begin_of, end_of
from server.core.people import full_name
from server.core.refs import AUTHOR, VOIDED, patient_ref, person_ref, taken_back
from server.core.schema import ListQuery, Out, SortKeys
from server.modules.prescriptions.enums import FindingKind, PrescriptionStatus, Severity, Source, Stage
from server.modules.prescriptions.schemas.items import PrescriptionItemOut

_REF = {"type": "object"}
_MAYBE = {"type": ["object", "null"]}


def _prescriber(
    source: str, user_id: uuid.UUID | None, written: str | None, first: str | None, last: str | None, *more: str | None
) -> dict[str, Any] | None:
    name = written or (full_name(first or "", last) if last else None)
    if name is None:
        return None
    license_number, phone = more
    if source == Source.EXTERNAL:
        return {"kind": "external", "id": None, "name": name, "license_number": license_number, "phone": phone}
    return {"kind": "user", "id": user_id, "name": name, "license_number": license_number}


def _external(source: str, name: str | None, license_number: str | None, phone: str | None) -> dict[str, Any] | None:
    if source != Source.EXTERNAL:
        return None
    return {"name": name, "license_number": license_number, "phone": phone}


class FindingOut(Schema):
    """What a safety check has found."""

    id = fields.String(required=True)
    kind = fields.String(required=True, metadata={"enum": list(FindingKind)})
    severity = fields.String(required=True, metadata={"enum": list(Severity)})
    message = fields.String(required=True)
    item_index = fields.Integer(required=True, allow_none=True)
    evidence = fields.Dict(required=True)


class KeptFindingOut(FindingOut):
    """What was found when a prescription was made active or filled, and who answered for it."""

    stage = fields.String(required=True, metadata={"enum": list(Stage)})
    dispense_id = fields.UUID(required=True, allow_none=True)
    is_acknowledged = fields.Boolean(required=True)
    override_reason = fields.String(required=True, allow_none=True)
    user_id = fields.UUID(required=True, allow_none=True)
    at = f.Instant(required=True)


class SafetyCheckOut(Schema):
    """What would speak against a prescription, the gravest first; nothing is kept of it."""

    findings = fields.List(fields.Nested(FindingOut), required=True)


class PrescriptionOut(Out):
    """A prescription as those see it who see the chart. It stands as it does today: past its last day it is expired."""

    rx_number = fields.String(required=True)
    patient = f.Computed(
        patient_ref, "patient_id", "patient_first_name", "patient_last_name", "patient_mrn", metadata=_REF
    )
    doctor = f.Computed(person_ref, "doctor_id", "doctor_first_name", "doctor_last_name", metadata=_MAYBE)
    patient_id = fields.UUID(required=True)
    doctor_id = fields.UUID(required=True, allow_none=True)
    visit_id = fields.UUID(
        required=False, allow_none=True, metadata={"description": "Absent for those who do not see the chart."}
    )
    source = fields.String(required=True, metadata={"enum": list(Source)})
    prescriber = f.Computed(
        _prescriber,
        *("source", "prescribed_by", "prescriber_name", "doctor_first_name", "doctor_last_name"),
        *("prescriber_license", "prescriber_phone"),
        metadata=_MAYBE,
    )
    external_prescriber = f.Computed(
        _external, "source", "prescriber_name", "prescriber_license", "prescriber_phone", metadata=_MAYBE
    )
    items = fields.List(fields.Nested(PrescriptionItemOut), required=True)
    date_prescribed = fields.Date(required=True)
    expires_on = fields.Date(required=True, allow_none=True)
    status = fields.String(required=True, metadata={"enum": list(PrescriptionStatus)})
    notes = fields.String(required=True, allow_none=True)
    verify_code = fields.String(
        required=True, metadata={"description": "What the code on paper leads to: `/prescriptions/verify/{code}`."}
    )
    entered_by_id = fields.UUID(required=True, allow_none=True, attribute="recorded_by")
    author = f.Computed(person_ref, *AUTHOR, metadata={**_MAYBE, "description": "Who entered it."})
    activated_at = f.Instant(required=True, allow_none=True)
    activated_by = fields.UUID(required=True, allow_none=True)
    ended = f.Computed(
        taken_back, "ended_at", "ended_by", "ender_first_name", "ender_last_name", "end_reason", metadata=_MAYBE
    )
    revision = fields.Integer(required=True)
    replaces_id = fields.UUID(required=True, allow_none=True)
    replaced_by_id = fields.UUID(required=True, allow_none=True)
    renews_id = fields.UUID(required=True, allow_none=True)
    voided = f.Computed(taken_back, *VOIDED, metadata=_MAYBE)


class PrescriptionAnswer(PrescriptionOut):
    """A prescription; one alone is shown to staff with what the checks have found."""

    findings = fields.List(fields.Nested(KeptFindingOut))


class _PrescriptionQuery(ListQuery):
    sort = SortKeys("created_at", "date_prescribed")
    patient_id = f.Id()
    doctor_id = f.Id()
    visit_id = f.Id()
    medication_id = f.Id()
    status = f.Choice(PrescriptionStatus)
    source = f.Choice(Source)

    @validates_schema(skip_on_field_errors=True)
    def _in_order(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if {"from", "to"} <= data.keys() and end_of(data["to"]) <= begin_of(data["from"]):
            raise ValidationError("Must not be before `from`.", "to")


# By the day on which it was prescribed.
PrescriptionQuery = _PrescriptionQuery.from_dict(
    {"from": f.DayOrInstant(), "to": f.DayOrInstant()}, name="PrescriptionQuery"
)
