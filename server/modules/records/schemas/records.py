"""The shapes of medical records and their versions."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from server.core import fields as f
from server.core.clock import begin_of, end_of
from server.core.codes.icd10cm import Icd10cm
from server.core.people import full_name
from server.core.refs import AUTHOR, VOIDED, person_ref, taken_back
from server.core.schema import Body, ListQuery, Out, SortKeys
from server.modules.records.enums import RecordStatus
from server.modules.visits.enums import Source

MOST_TEXT = 50_000
MOST_LINES = 100
_MAYBE = {"type": ["object", "null"]}
_TEXTS: dict[str, Any] = {"type": "array", "items": {"type": "string"}}


def _patient(patient_id: uuid.UUID, first: str, last: str, mrn: str) -> dict[str, Any]:
    return {"id": patient_id, "name": full_name(first, last), "mrn": mrn}


def _diagnosis(code: str | None, display: str | None) -> dict[str, Any] | None:
    return {"code": code, "display": display} if display else None


def _released(
    number: int | None, at: datetime | None, by: uuid.UUID | None, first: str | None, last: str | None
) -> dict[str, Any] | None:
    return {"number": number, "at": at, "by": person_ref(by, first, last)} if number else None


class RecordDiagnosisIn(Body):
    """A diagnosis in words, with its ICD-10-CM code where there is one."""

    code = Icd10cm(allow_none=True, load_default=None)
    display = f.Line(most=300, required=True)

    @validates_schema(skip_on_field_errors=True)
    def _in_words(self, data: dict[str, Any], **_kwargs: Any) -> None:
        # A PATCH replaces the diagnosis as a whole.
        if "display" not in data:
            raise ValidationError("Missing data for required field.", "display")


class RecordIn(Body):
    """What a record says; at least something of it is written."""

    diagnosis = fields.Nested(RecordDiagnosisIn, allow_none=True, load_default=None)
    treatment_plan = f.Paragraphs(most=MOST_TEXT, allow_none=True, load_default=None)
    symptoms = f.Paragraphs(most=MOST_TEXT, allow_none=True, load_default=None)
    notes = f.Paragraphs(most=MOST_TEXT, allow_none=True, load_default=None)
    prescriptions = fields.List(
        f.Line(most=500),
        load_default=list,
        validate=validate.Length(max=MOST_LINES),
        metadata={"description": "One line each, as it was written."},
    )
    attachments = fields.List(
        f.Id(),
        load_default=list,
        validate=validate.Length(max=MOST_LINES),
        metadata={"description": "Ids of documents of this patient."},
    )


class RecordChange(RecordIn):
    """What a record says now, and why it says that from now on."""

    reason = f.Line(
        most=500,
        allow_none=True,
        load_default=None,
        metadata={"description": "Why it is changed; kept with the version that this makes."},
    )


class RecordCreate(RecordIn):
    """A new record: of a patient, or of the patient of a visit."""

    id = f.Id()
    patient_id = f.Id(allow_none=True, load_default=None)
    visit_id = f.Id(allow_none=True, load_default=None)


class OwnRecordCreate(RecordIn):
    """A new record of one's own health."""

    id = f.Id()


class _Content(Schema):
    diagnosis = f.Computed(_diagnosis, "diagnosis_code", "diagnosis_display", metadata=_MAYBE)
    treatment_plan = fields.String(required=True, allow_none=True)
    symptoms = fields.String(required=True, allow_none=True)
    notes = fields.String(required=True, allow_none=True)
    prescriptions = fields.List(fields.String(), required=True)
    attachments = fields.List(
        fields.UUID(),
        required=True,
        metadata={"description": "Ids of documents; patients are told those that are released."},
    )


class RecordOut(Out, _Content):
    """A record: staff see its latest version, the patient the one that was released."""

    patient_id = fields.UUID(required=True)
    patient = f.Computed(
        _patient, "patient_id", "patient_first_name", "patient_last_name", "patient_mrn", metadata={"type": "object"}
    )
    doctor_id = fields.UUID(required=True, allow_none=True)
    doctor = f.Computed(person_ref, "doctor_id", "doctor_first_name", "doctor_last_name", metadata=_MAYBE)
    visit_id = fields.UUID(required=True, allow_none=True)
    recorded_by = fields.UUID(required=True, allow_none=True)
    author = f.Computed(person_ref, *AUTHOR, metadata=_MAYBE)
    source = fields.String(required=True, metadata={"enum": list(Source)})
    status = fields.String(required=True, metadata={"enum": list(RecordStatus)})
    number = fields.Integer(required=True, metadata={"description": "Which of its versions this is."})
    released = f.Computed(
        _released,
        *("released_number", "released_at", "released_by", "releaser_first_name", "releaser_last_name"),
        metadata={**_MAYBE, "description": "Which version the patient sees: its `number`, since when, and by whom."},
    )
    voided = f.Computed(taken_back, *VOIDED, metadata=_MAYBE)


class VersionOut(_Content):
    """What a record said from one edit to the next."""

    id = fields.UUID(required=True)
    record_id = fields.UUID(required=True)
    number = fields.Integer(required=True)
    by = f.Computed(person_ref, "by", "author_first_name", "author_last_name", metadata=_MAYBE)
    at = f.Instant(required=True)
    reason = fields.String(
        required=True, allow_none=True, metadata={"description": "Why the version before gave way to this one."}
    )
    is_released = fields.Boolean(required=True, metadata={"description": "Whether it is the one the patient sees."})


class VersionQuery(ListQuery):
    """A page of versions, the latest first."""

    sort = SortKeys("number")


class _RecordQuery(ListQuery):
    sort = SortKeys("created_at")
    patient_id = f.Id()
    doctor_id = f.Id()
    visit_id = f.Id()
    status = f.Choice(RecordStatus)
    source = f.Choice(Source)

    @validates_schema(skip_on_field_errors=True)
    def _in_order(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if {"from", "to"} <= data.keys() and end_of(data["to"]) <= begin_of(data["from"]):
            raise ValidationError("Must not be before `from`.", "to")


_RANGE: dict[str, fields.Field[date]] = {"from": f.DayOrInstant(), "to": f.DayOrInstant()}

RecordQuery = _RecordQuery.from_dict(_RANGE, name="RecordQuery")
