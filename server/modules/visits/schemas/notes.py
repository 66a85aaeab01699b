"""The shapes of notes."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from server.core import fields as f
from server.core.clock import begin_of, end_of
from server.core.people import full_name
from server.core.refs import AUTHOR, VOIDED, person_ref, taken_back
from server.core.schema import Body, ListQuery, Out, SortKeys
from server.modules.visits.enums import NoteStatus

# One part of a note; all four of them still fit in one body.
MOST_TEXT = 50_000
_MAYBE = {"type": ["object", "null"]}


def _patient(patient_id: uuid.UUID, first: str, last: str, mrn: str) -> dict[str, Any]:
    return {"id": patient_id, "name": full_name(first, last), "mrn": mrn}


def _signed(
    by: uuid.UUID | None, first: str | None, last: str | None, at: datetime | None, sha256: str | None
) -> dict[str, Any] | None:
    return {"by": person_ref(by, first, last), "at": at, "sha256": sha256} if at else None


class NoteIn(Body):
    """A note in the four parts of SOAP; at least one of them is written."""

    subjective = f.Paragraphs(most=MOST_TEXT, allow_none=True, load_default=None)
    objective = f.Paragraphs(most=MOST_TEXT, allow_none=True, load_default=None)
    assessment = f.Paragraphs(most=MOST_TEXT, allow_none=True, load_default=None)
    plan = f.Paragraphs(most=MOST_TEXT, allow_none=True, load_default=None)


class NoteCreate(NoteIn):
    """A new note."""

    id = f.Id()


class AddendumIn(Body):
    """What is added to a signed note."""

    text = f.Paragraphs(most=MOST_TEXT, required=True)


class NoteOut(Out):
    """A note, without what was added to it."""

    visit_id = fields.UUID(required=True)
    patient_id = fields.UUID(required=True)
    patient = f.Computed(
        _patient, "patient_id", "patient_first_name", "patient_last_name", "patient_mrn", metadata={"type": "object"}
    )
    recorded_by = fields.UUID(required=True, allow_none=True)
    author = f.Computed(person_ref, *AUTHOR, metadata=_MAYBE)
    subjective = fields.String(required=True, allow_none=True)
    objective = fields.String(required=True, allow_none=True)
    assessment = fields.String(required=True, allow_none=True)
    plan = fields.String(required=True, allow_none=True)
    status = fields.String(required=True, metadata={"enum": list(NoteStatus)})
    signed = f.Computed(
        _signed,
        *("signed_by", "signer_first_name", "signer_last_name", "signed_at", "sha256"),
        metadata={
            **_MAYBE,
            "description": (
                "`sha256` is that of the UTF-8 JSON object of assessment, objective, plan and subjective in this order,"
                " without spaces, parts that are not written null (RFC 8785)."
            ),
        },
    )
    voided = f.Computed(taken_back, *VOIDED, metadata=_MAYBE)


class AddendumOut(Body):
    """What was added to a signed note."""

    text = fields.String(required=True)
    by = f.Computed(person_ref, "by", "first_name", "last_name", metadata={"type": "object"})
    at = f.Instant(required=True)


class NoteAnswer(NoteOut):
    """A note with what was added to it, oldest first."""

    addenda = fields.List(fields.Nested(AddendumOut), required=True)


class _NoteQuery(ListQuery):
    sort = SortKeys("created_at")
    patient_id = f.Id()
    visit_id = f.Id()
    doctor_id = f.Id(metadata={"description": "Notes that this doctor wrote or signed."})
    status = f.Choice(NoteStatus)

    @validates_schema(skip_on_field_errors=True)
    def _in_order(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if {"from", "to"} <= data.keys() and end_of(data["to"]) <= begin_of(data["from"]):
            raise ValidationError("Must not be before `from`.", "to")


_RANGE: dict[str, fields.Field[date]] = {"from": f.DayOrInstant(), "to": f.DayOrInstant()}

NoteQuery = _NoteQuery.from_dict(_RANGE, name="NoteQuery")
