"""The shapes of merges, the timeline, the summary and the export."""

from __future__ import annotations

import uuid

from marshmallow import Schema, fields, validate

from server.core import fields as f
from server.core.schema import Body, ListQuery, Query, SortKeys


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


class ExportQuery(Query):
    """In which form to hand out a chart."""

    format = fields.String(load_default="json", validate=validate.OneOf(["json", "zip"]))
