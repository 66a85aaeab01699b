"""The shapes of visits: how they are opened and written, and what each caller gets of them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from server.core import fields as f
from server.core.clock import begin_of, end_of
from server.core.codes.icd10cm import Icd10cm
from server.core.people import full_name
from server.core.refs import AUTHOR, VOIDED, patient_ref, person_ref, taken_back
from server.core.schema import Body, ListQuery, Out, Query, SortKeys
from server.modules.visits.enums import Source, VisitStatus, VisitType

MOST_DIAGNOSES = 50
_LONGEST_REASON = 2_000
_REF = {"type": "object"}
_MAYBE = {"type": ["object", "null"]}
_PAST = {
    "pattern": "^20[01][0-9]-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T(0[0-9]|1[0-9]|2[0-3]):[0-5][0-9]:00Z$",
    "description": "Not in the future; now, unless told.",
}


def shown_number(number: int) -> str:
    """Return a visit's number as people read it: `V-` and six digits, more once there are a million."""
    return f"V-{number:06d}"


class DiagnosisIn(Body):
    """A diagnosis: coded or in words alone."""

    code = Icd10cm(allow_none=True, load_default=None)
    display = f.Line(most=300, required=True)
    is_primary = f.Flag(load_default=False)


class PartNested(fields.Nested):
    """An object inside a body of which only what changes is sent, in a POST too."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, partial: Any = None, **kwargs: Any) -> Any:
        return super()._deserialize(value, attr, data, partial=True, **kwargs)


class DiagnosisOut(Schema):
    """A diagnosis; imported ones may be coded in SNOMED CT."""

    code = fields.String(required=True, allow_none=True)
    display = fields.String(required=True)
    is_primary = fields.Boolean(required=True)


def _one_primary(diagnoses: Sequence[dict[str, Any]]) -> None:
    if sum(one["is_primary"] for one in diagnoses) > 1:
        raise ValidationError("One diagnosis at most is the primary one.")


class Diagnoses(fields.List):
    """The diagnoses made at a visit, in the order in which they are shown."""

    def __init__(self, **kwargs: Any) -> None:
        checks: list[Callable[[Any], Any]] = [validate.Length(max=MOST_DIAGNOSES), _one_primary]
        super().__init__(f.WholeNested(DiagnosisIn), validate=checks, **kwargs)


class _Content(Body):
    visit_type = f.Choice(VisitType, load_default=VisitType.CONSULTATION)
    chief_complaint = f.Paragraphs(most=2_000, allow_none=True, load_default=None)
    notes = f.Paragraphs(allow_none=True, load_default=None)
    patient_instructions = f.RichText(allow_none=True, load_default=None)
    diagnoses = Diagnoses(load_default=list)
    follow_up_on = f.Day(allow_none=True, load_default=None)
    free_follow_up = f.Flag(load_default=False)


class VisitIn(_Content):
    """A visit that begins: from an appointment, or of a patient who walked in; a doctor who names no doctor is it."""

    id = f.Id()
    appointment_id = f.Id(allow_none=True, load_default=None)
    patient_id = f.Id(allow_none=True, load_default=None)
    doctor_id = f.Id(allow_none=True, load_default=None)
    visit_type = f.Choice(
        VisitType,
        allow_none=True,
        load_default=None,
        metadata={"description": "That of the appointment, else a consultation, unless told."},
    )
    started_at = f.Instant(allow_none=True, load_default=None, metadata=_PAST)


class VisitPut(_Content):
    """All that is written of a visit."""


class VisitPatch(_Content):
    """What changes of a visit; diagnoses are sent as a list, in the order in which they are shown."""


class ReasonIn(Body):
    """Why a visit is called off, or opened again."""

    reason = f.Paragraphs(most=_LONGEST_REASON, required=True)


class VoidQuery(Query):
    """Why a visit is marked as entered in error."""

    reason = f.Line(most=500, required=True)


class _VisitQuery(ListQuery):
    sort = SortKeys("started_at")
    patient_id = f.Id()
    doctor_id = f.Id()
    visit_id = f.Id()
    appointment_id = f.Id()
    status = f.Choice(VisitStatus)
    visit_type = f.Choice(VisitType)

    @validates_schema(skip_on_field_errors=True)
    def _in_order(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if {"from", "to"} <= data.keys() and end_of(data["to"]) <= begin_of(data["from"]):
            raise ValidationError("Must not be before `from`.", "to")


VisitQuery = _VisitQuery.from_dict({"from": f.DayOrInstant(), "to": f.DayOrInstant()}, name="VisitQuery")


class VisitCard(Out):
    """When, who, with whom, of which type and how it stands; no word of why."""

    number = f.Computed(shown_number, "number", metadata={"type": "string", "example": "V-000123"})
    patient = f.Computed(
        patient_ref, *("patient_id", "patient_first_name", "patient_last_name", "patient_mrn"), metadata=_REF
    )
    doctor = f.Computed(person_ref, *("doctor_id", "doctor_first_name", "doctor_last_name"), metadata=_MAYBE)
    patient_id = fields.UUID(required=True)
    doctor_id = fields.UUID(required=True, allow_none=True)
    appointment_id = fields.UUID(required=True, allow_none=True)
    status = fields.String(required=True, metadata={"enum": list(VisitStatus)})
    visit_type = fields.String(required=True, metadata={"enum": list(VisitType)})
    source = fields.String(required=True, metadata={"enum": list(Source)})
    started_at = f.Instant(required=True)
    ended_at = f.Instant(required=True, allow_none=True)


class VisitOut(VisitCard):
    """A visit as those see it whom the chart is open to; its diagnoses come beside."""

    chief_complaint = fields.String(required=True, allow_none=True)
    notes = fields.String(required=True, allow_none=True)
    patient_instructions = fields.String(required=True, allow_none=True)
    follow_up_on = fields.Date(required=True, allow_none=True)
    free_follow_up = fields.Boolean(required=True)
    recorded_by = fields.UUID(required=True, allow_none=True)
    author = f.Computed(person_ref, *AUTHOR, metadata=_MAYBE)
    voided = f.Computed(taken_back, *VOIDED, metadata=_MAYBE)


class VisitAnswer(VisitOut):
    """A visit in the documentation: who sees the card alone gets fewer fields, absent and not null."""

    diagnoses = fields.List(fields.Nested(DiagnosisOut))

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Promise only what everybody sees."""
        field_obj.required = field_name in VisitCard().fields


def _actor(actor_id: uuid.UUID | None, first: str | None, last: str | None) -> dict[str, Any] | None:
    return {"id": actor_id, "name": full_name(first or "", last or "")} if actor_id else None


class StepCard(Schema):
    """One step in the life of a visit, without the reason given for it."""

    id = fields.UUID(required=True)
    at = f.Instant(required=True)
    actor = f.Computed(
        _actor, "actor_id", "first_name", "last_name", metadata={**_MAYBE, "description": "Null: the system."}
    )
    from_status = fields.String(required=True, allow_none=True, metadata={"enum": [*VisitStatus, None]})
    to_status = fields.String(required=True, metadata={"enum": list(VisitStatus)})


class StepOut(StepCard):
    """One step in the life of a visit."""

    reason = fields.String(required=True, allow_none=True)


class VisitHistoryAnswer(StepOut):
    """A step in the documentation: who sees the card alone gets no reason."""

    reason = fields.String(allow_none=True)


class StepQuery(ListQuery):
    """A page of a visit's steps, oldest first."""

    sort = SortKeys("at")
