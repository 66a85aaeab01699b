"""The shapes of appointments: what each caller gets, and by what they are listed."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from server.core import clock, fields as f
from server.core.clock import begin_of, end_of
from server.core.people import full_name
from server.core.refs import patient_ref, person_ref
from server.core.schema import ListQuery, Out, SearchText, SortKeys
from server.modules.appointments.enums import AppointmentType, Party, Status

_PATIENT = ("patient_id", "patient_first_name", "patient_last_name", "patient_mrn")
_DOCTOR = ("doctor_id", "doctor_first_name", "doctor_last_name")
_CANCELLED = ("cancelled_at", "cancelled_by", "cancelled_party")
_REF = {"type": "object"}
_MAYBE = {"type": ["object", "null"]}


class When(StrEnum):
    """Which of one's own appointments."""

    UPCOMING = "upcoming"
    PAST = "past"
    TODAY = "today"


def local_time(at: datetime, timezone: str | None) -> str:
    """Return an instant by the wall clock of a zone, or of the clinic's, with its offset."""
    zone = ZoneInfo(timezone) if timezone else clock.clinic_zone()
    return at.astimezone(zone).isoformat()


def _minutes(starts_at: datetime, ends_at: datetime) -> int:
    return int((ends_at - starts_at).total_seconds() // 60)


def _cancelled_on_card(at: datetime | None, by: uuid.UUID | None, party: str | None) -> dict[str, Any] | None:
    return {"at": at, "by": by, "party": party} if at else None


def _cancelled(
    at: datetime | None, by: uuid.UUID | None, party: str | None, reason: str | None
) -> dict[str, Any] | None:
    return {"at": at, "by": by, "party": party, "reason": reason} if at else None


class AppointmentCard(Out):
    """When, who, with whom and how it stands; no word of why."""

    patient = f.Computed(patient_ref, *_PATIENT, metadata=_REF)
    doctor = f.Computed(person_ref, *_DOCTOR, metadata=_REF)
    patient_id = fields.UUID(required=True)
    doctor_id = fields.UUID(required=True)
    patient_name = f.Computed(full_name, *_PATIENT[1:3], metadata={"type": "string"})
    doctor_name = f.Computed(full_name, *_DOCTOR[1:], metadata={"type": "string"})
    starts_at = f.Instant(required=True)
    ends_at = f.Instant(required=True)
    duration_minutes = f.Computed(_minutes, "starts_at", "ends_at", metadata={"type": "integer"})
    local_start = f.Computed(
        local_time,
        *("starts_at", "doctor_timezone"),
        metadata={"type": "string", "description": "By the doctor's wall clock, else the clinic's."},
    )
    status = fields.String(required=True, metadata={"enum": list(Status)})
    type = fields.String(required=True, metadata={"enum": list(AppointmentType)})
    location = fields.String(required=True, allow_none=True)
    queue_number = fields.Integer(required=True, allow_none=True)
    checked_in_at = f.Instant(required=True, allow_none=True)
    begun_at = f.Instant(required=True, allow_none=True)
    completed_at = f.Instant(required=True, allow_none=True)
    series_id = fields.UUID(required=True, allow_none=True)
    visit_id = fields.UUID(required=True, allow_none=True)
    cancelled = f.Computed(
        _cancelled_on_card, *_CANCELLED, metadata={**_MAYBE, "description": f"Party: {', '.join(Party)}."}
    )


class AppointmentOut(AppointmentCard):
    """An appointment as those see it who may know why it is made."""

    reason = fields.String(required=True, allow_none=True)
    notes = fields.String(required=True, allow_none=True)
    override_reason = fields.String(required=True, allow_none=True)
    cancelled = f.Computed(_cancelled, *_CANCELLED, "cancel_reason", metadata=_MAYBE)


class AppointmentAnswer(AppointmentOut):
    """An appointment in the documentation: who sees the card alone gets fewer fields, absent and not null."""

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Promise only what everybody sees."""
        field_obj.required = field_name in AppointmentCard().fields


class Statuses(fields.String):
    """Several statuses with commas between them."""

    def __init__(self) -> None:
        choice = "|".join(Status)
        super().__init__(
            validate=validate.Length(1, 200),
            metadata={"pattern": f"^({choice})(,({choice}))*$", "description": "Several with commas between them."},
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> tuple[str, ...]:  # type: ignore[override]
        words = str(super()._deserialize(value, attr, data, **kwargs)).split(",")
        if not set(words) <= set(Status):
            raise ValidationError(f"Expected some of {', '.join(Status)}, with commas between them.")
        return tuple(sorted(set(words)))


class _AppointmentQuery(ListQuery):
    sort = SortKeys("starts_at", "created_at")
    q = SearchText()
    patient_id = f.Id()
    doctor_id = f.Id()
    series_id = f.Id()
    status = Statuses()
    type = f.Choice(AppointmentType)

    @validates_schema(skip_on_field_errors=True)
    def _in_order(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if {"from", "to"} <= data.keys() and end_of(data["to"]) <= begin_of(data["from"]):
            raise ValidationError("Must not be before `from`.", "to")


_RANGE: dict[str, fields.Field[Any]] = {"from": f.DayOrInstant(), "to": f.DayOrInstant()}

AppointmentQuery = _AppointmentQuery.from_dict(_RANGE, name="AppointmentQuery")
AppointmentSearchQuery = _AppointmentQuery.from_dict(
    {**_RANGE, "q": SearchText(required=True)}, name="AppointmentSearchQuery"
)
OwnAppointmentQuery = _AppointmentQuery.from_dict({**_RANGE, "when": f.Choice(When)}, name="OwnAppointmentQuery")


def _actor(actor_id: uuid.UUID | None, first: str | None, last: str | None) -> dict[str, Any] | None:
    return {"id": actor_id, "name": full_name(first or "", last or "")} if actor_id else None


class HistoryCard(Schema):
    """One change in the life of an appointment, without the reason given for it."""

    id = fields.UUID(required=True)
    at = f.Instant(required=True)
    actor = f.Computed(
        _actor, "actor_id", "first_name", "last_name", metadata={**_MAYBE, "description": "Null: the system."}
    )
    from_status = fields.String(required=True, allow_none=True, metadata={"enum": [*Status, None]})
    to_status = fields.String(required=True, metadata={"enum": list(Status)})
    from_starts_at = f.Instant(required=True, allow_none=True)
    to_starts_at = f.Instant(required=True, allow_none=True)
    from_doctor_id = fields.UUID(required=True, allow_none=True)
    to_doctor_id = fields.UUID(required=True, allow_none=True)
    changed = f.Computed(
        lambda names: names.split(",") if names else [],
        "changed",
        metadata={"type": "array", "items": {"type": "string"}, "description": "Names of other fields that changed."},
    )


class HistoryOut(HistoryCard):
    """One change in the life of an appointment."""

    reason = fields.String(required=True, allow_none=True)


class AppointmentHistoryAnswer(HistoryOut):
    """A change in the documentation: who sees the card alone gets no reason."""

    reason = fields.String(allow_none=True)


class HistoryQuery(ListQuery):
    """A page of the history, oldest first."""

    sort = SortKeys("at")
