"""The shapes of free times, of the check of one time, and of a doctor's schedule."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from server.core import fields as f
from server.core.schema import Query, TextInt
from server.modules.appointments.enums import AppointmentType, Reason, Status
from server.modules.appointments.schemas.hours import in_reach

MOST_DAYS = 62
_DAY = timedelta(days=1)
_MINUTES = validate.Range(5, 480)


def bounds(first: date, last: date) -> tuple[datetime, datetime]:
    """Return the range that two bounds name, as if local dates were dates in UTC."""
    since, until = (bound if isinstance(bound, datetime) else _midnight(bound) for bound in (first, last))
    return since, until if isinstance(last, datetime) else until + _DAY


def _midnight(day: date) -> datetime:
    return datetime.fromisoformat(f"{day.isoformat()}T00:00:00+00:00")


class _RangeQuery(Query):
    @validates_schema(skip_on_field_errors=True)
    def _in_order(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if "from" not in data or "to" not in data:
            return
        since, until = bounds(data["from"], data["to"])
        if until <= since:
            raise ValidationError("Must not be before `from`.", "to")
        if until - since > MOST_DAYS * _DAY:
            raise ValidationError(f"Expected at most {MOST_DAYS} days from `from`.", "to")


class _SlotQuery(_RangeQuery):
    duration = TextInt(validate=_MINUTES, metadata={"description": "Minutes; the same as `duration_minutes`."})
    duration_minutes = TextInt(validate=_MINUTES)

    @validates_schema(skip_on_field_errors=True)
    def _agree(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if data.get("duration", data.get("duration_minutes")) != data.get("duration_minutes", data.get("duration")):
            raise ValidationError("Differs from `duration_minutes`.", "duration")


_RANGE: dict[str, fields.Field[Any]] = {"from": f.DayOrInstant(), "to": f.DayOrInstant()}

SlotQuery = _SlotQuery.from_dict(_RANGE, name="SlotQuery")
ScheduleQuery = _RangeQuery.from_dict(_RANGE, name="ScheduleQuery")


class SlotOut(Schema):
    """A visit that can be booked as it stands here."""

    starts_at = f.Instant(required=True)
    ends_at = f.Instant(required=True)
    local_start = fields.String(
        required=True, metadata={"description": "By the doctor's wall clock, else the clinic's."}
    )
    remaining = fields.Integer(required=True, metadata={"description": "Seats that are left."})


class CheckQuery(Query):
    """The time that is asked about; without an end or a length, as long as a visit of this doctor usually is."""

    starts_at = f.Instant(required=True, validate=in_reach)
    ends_at = f.Instant(validate=in_reach)
    duration_minutes = TextInt(validate=_MINUTES)


class ReasonOut(Schema):
    """A reason against a time."""

    code = fields.String(required=True, metadata={"enum": [*Reason, "slot_taken", "patient_busy"]})
    message = fields.String(required=True)


class CheckOut(Schema):
    """Whether a time is free, or every reason why not."""

    free = fields.Boolean(required=True)
    reasons = fields.List(fields.Nested(ReasonOut), required=True)


class OpenOut(Schema):
    """Hours on one date."""

    starts_at = f.Instant(required=True)
    ends_at = f.Instant(required=True)
    local_start = fields.String(required=True)
    slot_minutes = fields.Integer(required=True)
    buffer_before = fields.Integer(required=True)
    buffer_after = fields.Integer(required=True)
    capacity = fields.Integer(required=True)
    location = fields.String(required=True, allow_none=True)


class AwayOut(Schema):
    """Leave; its reason is for admins and the doctor."""

    id = fields.UUID(required=True)
    starts_at = f.Instant(required=True)
    ends_at = f.Instant(required=True)
    reason = fields.String(allow_none=True)


class HolidayRef(Schema):
    """A holiday."""

    date = fields.Date(required=True)
    name = fields.String(required=True)


class BusyOut(Schema):
    """Time that is taken; who may read the appointment sees it as `/appointments` shows it."""

    starts_at = f.Instant(required=True)
    ends_at = f.Instant(required=True)
    local_start = fields.String(required=True)
    status = fields.String(required=True, metadata={"enum": ["busy", *Status]})
    id = fields.UUID()
    type = fields.String(metadata={"enum": list(AppointmentType)})


class ScheduleOut(Schema):
    """A doctor's time as a calendar; hours are shown whole, also where leave or a holiday lies over them."""

    doctor = f.Computed(dict, metadata={"type": "object"})
    timezone = fields.String(required=True)
    starts_at = f.Instant(required=True)
    ends_at = f.Instant(required=True)
    windows = fields.List(fields.Nested(OpenOut), required=True)
    time_off = fields.List(fields.Nested(AwayOut), required=True)
    holidays = fields.List(fields.Nested(HolidayRef), required=True)
    appointments = fields.List(fields.Nested(BusyOut), required=True)
