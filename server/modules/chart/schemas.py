"""The shapes of merges, the timeline, the summary, the export and the consultation."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from server.core import fields as f
from server.core.schema import Body, ListQuery, Query, SortKeys
from server.modules.appointments.enums import AppointmentType
from server.modules.appointments.schemas.booking import AppointmentIn
from server.modules.visits.parts import Part
from server.modules.visits.schemas.visit import Diagnoses, DiagnosisOut, PartNested, VisitAnswer, VisitPatch

# Of each list in a consultation.
MOST_ENTRIES = 50


class MergeIn(Body):
    """Who is the same person as the patient of the path; a dry run only says what would happen."""

    duplicate_id = f.Id(required=True)
    dry_run = f.Flag(load_default=False)


class UnmergeIn(Body):
    """Which merge to take back; without one, the patient's latest."""

    duplicate_id = f.Id(load_default=None, allow_none=True)


class MergeOut(Schema):
    """What a merge did, would do, or what taking it back did; `id` is the patient who stays."""

    id = fields.UUID(required=True)
    duplicate_id = fields.UUID(required=True)
    dry_run = fields.Boolean(required=True)
    merged_at = f.Instant(required=True)
    moved = fields.Dict(required=True, metadata={"description": "Rows by table."})
    conflicts = fields.List(fields.Dict(), required=True, metadata={"description": "`{table, what, resolution}`."})
    account = fields.String(
        required=True, allow_none=True, metadata={"description": "What became of the duplicate's: moved, deactivated."}
    )
    stayed = fields.Dict(
        required=True,
        metadata={"description": "Rows by table that the survivor got between the merge and its end; they stay."},
    )


def _doctor(doctor_id: uuid.UUID | None, name: str | None) -> dict[str, object] | None:
    return {"id": doctor_id, "name": name} if doctor_id else None


class EventQuery(ListQuery):
    """A page of a timeline."""

    sort = SortKeys("at")


class EventOut(Schema):
    """Something that happened to a patient."""

    id = fields.String(required=True)
    at = f.Instant(required=True)
    kind = fields.String(required=True)
    object_type = fields.String(required=True)
    object_id = fields.UUID(required=True)
    title = fields.String(required=True)
    doctor = f.Computed(_doctor, "doctor_id", "doctor_name", metadata={"type": ["object", "null"]})


class SummaryOut(Schema):
    """What is known of a patient on one screen; each room that is there adds its section."""

    patient = fields.Dict(required=True)
    conditions = fields.List(fields.Dict(), required=True, metadata={"description": "The active ones."})
    allergies = fields.List(fields.Dict(), required=True)
    history = fields.Dict(required=True, metadata={"description": "With the statement of no known allergies."})
    upcoming_appointments = fields.List(fields.Dict(), required=True, metadata={"description": "The next one first."})
    latest_visits = fields.List(fields.Dict(), required=True, metadata={"description": "The latest first."})
    vitals = fields.List(fields.Dict(), required=True, metadata={"description": "The last value of each kind."})
    open_treatments = fields.List(fields.Dict(), required=True, metadata={"description": "Planned or going on."})
    open_procedures = fields.List(fields.Dict(), required=True, metadata={"description": "Ordered, not performed."})
    due_vaccines = fields.List(fields.Dict(), required=True, metadata={"description": "Due by now or soon; an aid."})


class ExportQuery(Query):
    """In which form to hand out a chart."""

    format = fields.String(load_default="json", validate=validate.OneOf(["json", "zip"]))


class FollowUpIn(AppointmentIn):
    """The next appointment, which is booked as any other."""

    patient_id = f.Id(metadata={"description": "The patient of the visit; need not be said."})
    doctor_id = f.Id(
        allow_none=True, load_default=None, metadata={"description": "The doctor of the visit, unless told."}
    )
    type = f.Choice(AppointmentType, load_default=AppointmentType.FOLLOW_UP)


class ConsultedVisit(VisitPatch):
    """What changes of the visit; its version may be said here, as with the visit itself, or with the whole."""

    version = f.Count()


class _Consultation(Body):
    visit = PartNested(ConsultedVisit(partial=True), allow_none=True)
    diagnoses = Diagnoses(metadata={"description": "They replace those that stand; an empty list says nothing."})

    @validates_schema(skip_on_field_errors=True)
    def _says_diagnoses_once(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if data.get("diagnoses") and "diagnoses" in (data.get("visit") or {}):
            raise ValidationError("Sent twice: here and in the visit.", "diagnoses")


class _Saved(Schema):
    visit = fields.Nested(VisitAnswer, required=True)
    diagnoses = fields.List(fields.Nested(DiagnosisOut), required=True)


def consultation_in(parts: Iterable[Part]) -> type[Schema]:
    """Return the shape of a whole consultation: of the visit, its diagnoses, and what the rooms have registered."""

    def nested(part: Part) -> fields.Field[Any]:
        if part.is_list:
            return fields.List(fields.Nested(part.shape), validate=validate.Length(max=MOST_ENTRIES))
        return fields.Nested(part.shape, allow_none=True)

    return _Consultation.from_dict({one.name: nested(one) for one in parts}, name="ConsultationIn")


def consultation_out(parts: Iterable[Part]) -> type[Schema]:
    """Return the shape of what a consultation has stored: the same keys."""

    def nested(part: Part) -> fields.Field[Any]:
        if part.is_list:
            return fields.List(fields.Nested(part.out), required=True)
        return fields.Nested(part.out, required=True, allow_none=True)

    return _Saved.from_dict({one.name: nested(one) for one in parts}, name="ConsultationOut")
