"""The shapes of documents."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from server.core import fields as f
from server.core.clock import begin_of, end_of
from server.core.refs import AUTHOR, VOIDED, patient_ref, person_ref, taken_back
from server.core.schema import Body, ListQuery, Out, SortKeys
from server.modules.files.enums import MediaType, Scan
from server.modules.records.enums import DocumentStatus
from server.modules.visits.enums import Source

_REF = {"type": "object"}
_MAYBE = {"type": ["object", "null"]}


def _released(at: datetime | None, by: uuid.UUID | None, first: str | None, last: str | None) -> dict[str, Any] | None:
    return {"at": at, "by": person_ref(by, first, last)} if at else None


class DocumentIn(Body):
    """A file for a chart, as a multipart form; without a title its name is one."""

    id = f.Id()
    file = f.File(required=True, metadata={"description": "A PNG or JPEG image or a PDF document, at most 10 MiB."})
    title = f.Line()
    visit_id = f.Id(metadata={"description": "An open visit of this patient; from staff only."})


class DocumentOut(Out):
    """What is known of a document; its bytes lie below, at `content`, and a small picture of an image at `preview`."""

    patient_id = fields.UUID(required=True)
    patient = f.Computed(
        patient_ref, "patient_id", "patient_first_name", "patient_last_name", "patient_mrn", metadata=_REF
    )
    visit_id = fields.UUID(required=True, allow_none=True)
    doctor_id = fields.UUID(required=True, allow_none=True)
    doctor = f.Computed(person_ref, "doctor_id", "doctor_first_name", "doctor_last_name", metadata=_MAYBE)
    recorded_by = fields.UUID(required=True, allow_none=True)
    author = f.Computed(person_ref, *AUTHOR, metadata=_MAYBE)
    source = fields.String(required=True, metadata={"enum": list(Source)})
    status = fields.String(required=True, metadata={"enum": list(DocumentStatus)})
    title = fields.String(required=True)
    file_name = fields.String(required=True)
    media_type = fields.String(required=True, metadata={"enum": list(MediaType)})
    size = fields.Integer(required=True, metadata={"description": "In bytes."})
    sha256 = fields.String(required=True)
    has_preview = fields.Boolean(required=True)
    scan = fields.String(required=True, metadata={"enum": list(Scan)})
    released = f.Computed(
        _released, *("released_at", "released_by", "releaser_first_name", "releaser_last_name"), metadata=_MAYBE
    )
    voided = f.Computed(taken_back, *VOIDED, metadata=_MAYBE)


class _DocumentQuery(ListQuery):
    sort = SortKeys("created_at")
    patient_id = f.Id()
    doctor_id = f.Id()
    visit_id = f.Id()
    status = f.Choice(DocumentStatus)

    @validates_schema(skip_on_field_errors=True)
    def _in_order(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if {"from", "to"} <= data.keys() and end_of(data["to"]) <= begin_of(data["from"]):
            raise ValidationError("Must not be before `from`.", "to")


_RANGE: dict[str, fields.Field[date]] = {"from": f.DayOrInstant(), "to": f.DayOrInstant()}

DocumentQuery = _DocumentQuery.from_dict(_RANGE, name="DocumentQuery")
