"""The shape of the day's board."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from marshmallow import Schema, fields

from server.core import clock, fields as f
from server.core.people import full_name
from server.core.refs import person_ref
from server.core.schema import Query
from server.modules.appointments.enums import Status
from server.modules.appointments.schemas.appointment import local_time


class BoardQuery(Query):
    """The board of one doctor, or of all."""

    doctor_id = f.Id()


def _card(patient_id: uuid.UUID, first: str, last: str, mrn: str, born: date) -> dict[str, Any]:
    return {"id": patient_id, "name": full_name(first, last), "mrn": mrn, "date_of_birth": born}


def _waited(checked_in_at: datetime | None, begun_at: datetime | None, completed_at: datetime | None) -> int | None:
    """Return whole minutes from the check-in to the start of the visit, or until now."""
    if checked_in_at is None:
        return None
    until = begun_at or completed_at or clock.now()
    return max(0, int((until - checked_in_at).total_seconds() // 60))


class BoardEntry(Schema):
    """One visit on the board."""

    id = fields.UUID(required=True)
    queue_number = fields.Integer(required=True, allow_none=True)
    patient = f.Computed(
        _card,
        *("patient_id", "patient_first_name", "patient_last_name", "patient_mrn", "patient_date_of_birth"),
        metadata={"type": "object"},
    )
    starts_at = f.Instant(required=True)
    ends_at = f.Instant(required=True)
    local_start = f.Computed(local_time, "starts_at", "doctor_timezone", metadata={"type": "string"})
    status = fields.String(required=True, metadata={"enum": list(Status)})
    type = fields.String(required=True)
    location = fields.String(required=True, allow_none=True)
    checked_in_at = f.Instant(required=True, allow_none=True)
    begun_at = f.Instant(required=True, allow_none=True)
    completed_at = f.Instant(required=True, allow_none=True)
    minutes_waited = f.Computed(
        _waited,
        *("checked_in_at", "begun_at", "completed_at"),
        metadata={"type": ["integer", "null"], "description": "From check-in to the start of the visit, or until now."},
    )


class BoardOut(Schema):
    """One doctor's day: who is expected, who waits, who is in the room, who is done."""

    doctor = f.Computed(
        person_ref, *("doctor_id", "doctor_first_name", "doctor_last_name"), metadata={"type": "object"}
    )
    date = fields.Date(required=True)
    waiting = fields.List(fields.Nested(BoardEntry), required=True)
    in_room = fields.List(fields.Nested(BoardEntry), required=True)
    done = fields.List(fields.Nested(BoardEntry), required=True)
    expected = fields.List(fields.Nested(BoardEntry), required=True)
