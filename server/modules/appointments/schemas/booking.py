"""The shapes of what is asked of a calendar: book, hold, move, cancel, go on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema

from server.core import fields as f
from server.core.schema import Body, Query
from server.modules.appointments.calendar.judge import LONGEST_MINUTES
from server.modules.appointments.enums import AppointmentType, Party, Status

SHORTEST_MINUTES = 5
_LONGEST_REASON = 2_000


class Minute(f.Instant):
    """An instant on a whole minute, within the years of a calendar."""

    def __init__(self, **kwargs: Any) -> None:
        pattern = "^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T(0[0-9]|1[0-9]|2[0-3]):[0-5][0-9]:00Z$"
        super().__init__(metadata={"pattern": pattern, "description": "A whole minute."}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        at = super()._deserialize(value, attr, data, **kwargs)
        if at.second or at.microsecond:
            raise ValidationError("Expected a whole minute.")
        if not 2000 <= at.year < 2200:
            raise ValidationError("Expected a year from 2000 to 2199.")
        return at


def _minutes(**kwargs: Any) -> f.Count:
    return f.Count(SHORTEST_MINUTES, LONGEST_MINUTES, **kwargs)


def _why(**kwargs: Any) -> f.Paragraphs:
    return f.Paragraphs(most=_LONGEST_REASON, allow_none=True, **kwargs)


class _Time(Body):
    """When and with whom; where end and length are both given they have to agree."""

    ends_at = Minute(allow_none=True)
    duration_minutes = _minutes(allow_none=True)
    override_reason = _why(metadata={"description": "Books outside the rules; needs `appointments:override`."})


class _Words(Body):
    """What an appointment is for, and where; notes are for staff to write."""

    type = f.Choice(AppointmentType, load_default=AppointmentType.CONSULTATION)
    reason = _why(load_default=None)
    notes = f.Paragraphs(allow_none=True, load_default=None)
    location = f.Line(allow_none=True, load_default=None)


class AppointmentIn(_Time, _Words):
    """A new appointment; patients who name no patient mean themselves."""

    id = f.Id()
    patient_id = f.Id(allow_none=True, load_default=None)
    doctor_id = f.Id(required=True)
    starts_at = Minute(required=True)
    hold_id = f.Id(allow_none=True)


class AppointmentPut(_Time, _Words):
    """All that can be written of an appointment; another time or doctor is a move."""

    patient_id = f.Id(metadata={"description": "The patient stays who it is."})
    doctor_id = f.Id(required=True)
    starts_at = Minute(required=True)


class AppointmentPatch(_Time, _Words):
    """What changes of an appointment; another time or doctor is a move."""

    doctor_id = f.Id()
    starts_at = Minute()


class MoveIn(_Time):
    """Another time for an appointment, and another doctor if wanted; it keeps its length unless told otherwise."""

    starts_at = Minute(required=True)
    doctor_id = f.Id(allow_none=True)
    hold_id = f.Id(allow_none=True, metadata={"description": "A hold of the new time, which is booked as it is held."})
    reason = _why(metadata={"description": "Why it is moved; staff say so within the notice window."})

    @validates_schema
    def _has_start(self, data: dict[str, Any], **_kwargs: Any) -> None:
        # A PATCH may leave out anything; this one is about the time.
        if "starts_at" not in data:
            raise ValidationError({"starts_at": ["Missing data for required field."]})


class CancelIn(Body):
    """Why an appointment is cancelled; staff have to say, and may say by whose wish."""

    reason = _why()
    cancelled_by_party = f.Choice(Party, allow_none=True)


class CancelQuery(Query):
    """Why an appointment is cancelled; staff have to say."""

    reason = f.Paragraphs(most=_LONGEST_REASON)


class StatusChange(Body):
    """The state that an appointment goes on to."""

    status = f.Choice(Status, required=True)
    reason = _why()

    @validates_schema
    def _has_status(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if "status" not in data:
            raise ValidationError({"status": ["Missing data for required field."]})


class StepIn(Body):
    """A step of the day."""

    reason = _why()


class HoldIn(Body):
    """A time to hold; for a patient, if staff know that already. Patients who name no patient mean themselves."""

    doctor_id = f.Id(required=True)
    starts_at = Minute(required=True)
    duration_minutes = _minutes(allow_none=True)
    patient_id = f.Id(allow_none=True)


class HoldOut(Schema):
    """A time that is held until it expires."""

    id = fields.UUID(required=True)
    doctor_id = fields.UUID(required=True)
    patient_id = fields.UUID(required=True, allow_none=True)
    starts_at = f.Instant(required=True)
    ends_at = f.Instant(required=True)
    expires_at = f.Instant(required=True)
    created_at = f.Instant(required=True)
