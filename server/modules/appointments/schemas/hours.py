"""The shapes of hours: weekly windows, hours of single dates, leave."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from server.core import fields as f
from server.core.schema import Body, ListQuery, Out, Query, SortKeys
from server.modules.appointments.enums import OverrideKind
from server.modules.doctors.enums import OnConflict, Weekday

_WALL = "^([01][0-9]|2[0-3]):[0-5][0-9]$"
_MOST_WINDOWS = 24
_YEARS = (1900, 2199)
_LOST = {"description": "What becomes of live bookings that would lie outside all hours; `refuse` if it is not said."}


class WallTime(fields.Field[int]):
    """A time of day on the wall clock, `HH:MM` outside, minutes after midnight inside."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(metadata={"type": "string", "pattern": _WALL, "example": "09:30"}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if not isinstance(value, str) or not re.fullmatch(_WALL, value, re.ASCII):
            raise ValidationError("Expected a time of day, HH:MM.")
        return int(value[:2]) * 60 + int(value[3:])


def wall(minute: int) -> str:
    """Return minutes after midnight as `HH:MM`."""
    return f"{minute // 60:02}:{minute % 60:02}"


def in_reach(day: Any) -> None:
    """Refuse dates and instants near the ends of the calendar, where a local midnight may lie outside it."""
    if not _YEARS[0] <= day.year <= _YEARS[1]:
        raise ValidationError(f"Expected a year from {_YEARS[0]} to {_YEARS[1]}.")


class _HoursIn(Body):
    start_time = WallTime(required=True, attribute="start_minute")
    end_time = WallTime(required=True, attribute="end_minute")
    slot_minutes = f.Count(5, 480)
    buffer_before = f.Count(0, 240, load_default=0)
    buffer_after = f.Count(0, 240, load_default=0)
    capacity = f.Count(1, 50, load_default=1)
    location = f.Line(most=200, allow_none=True, load_default=None)


class WindowChange(_HoursIn):
    """A weekly window; one that ends at or before its start runs into the next day."""

    weekday = f.Choice(Weekday, required=True)
    valid_from = f.Day(allow_none=True, load_default=None, validate=in_reach)
    valid_to = f.Day(allow_none=True, load_default=None, validate=in_reach)
    on_conflict = f.Choice(OnConflict, metadata=_LOST)


class WindowIn(_HoursIn):
    """A new weekly window; without `slot_minutes`, the doctor's usual length, else 30."""

    id = f.Id()
    weekday = f.Choice(Weekday, required=True)
    valid_from = f.Day(allow_none=True, load_default=None, validate=in_reach)
    valid_to = f.Day(allow_none=True, load_default=None, validate=in_reach)


WEEKDAYS = list(Weekday)


class WindowOut(Out):
    """A weekly window."""

    doctor_id = fields.UUID(required=True)
    weekday = f.Computed(WEEKDAYS.__getitem__, "weekday", metadata={"type": "string", "enum": WEEKDAYS})
    start_time = f.Computed(wall, "start_minute", metadata={"type": "string", "pattern": _WALL})
    end_time = f.Computed(wall, "end_minute", metadata={"type": "string", "pattern": _WALL})
    valid_from = fields.Date(required=True, allow_none=True)
    valid_to = fields.Date(required=True, allow_none=True)
    slot_minutes = fields.Integer(required=True)
    buffer_before = fields.Integer(required=True)
    buffer_after = fields.Integer(required=True)
    capacity = fields.Integer(required=True)
    location = fields.String(required=True, allow_none=True)


class WindowQuery(ListQuery):
    """A page of weekly windows."""

    sort = SortKeys("weekday", "start_time")


class OverrideWindow(_HoursIn):
    """Hours of one date; without `slot_minutes`, the doctor's usual length, else 30."""


def _shown_windows(windows: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "start_time": wall(one["start_minute"]),
            "end_time": wall(one["end_minute"]),
            **{name: one[name] for name in ("slot_minutes", "buffer_before", "buffer_after", "capacity", "location")},
        }
        for one in windows
    ]


class OverrideIn(Body):
    """Hours of one date, instead of those of the week or beside them; a closed date has none."""

    id = f.Id()
    date = f.Day(required=True, validate=in_reach, attribute="held_on")
    kind = f.Choice(OverrideKind, required=True)
    windows = fields.List(fields.Nested(OverrideWindow), load_default=list, validate=validate.Length(max=_MOST_WINDOWS))
    on_conflict = f.Choice(OnConflict, metadata=_LOST)

    @validates_schema(skip_on_field_errors=True)
    def _fits(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if data["kind"] == OverrideKind.CLOSED and data["windows"]:
            raise ValidationError("A closed date has no hours.", "windows")
        if data["kind"] != OverrideKind.CLOSED and not data["windows"]:
            raise ValidationError("Expected at least one window.", "windows")


class OverrideOut(Out):
    """Hours of one date."""

    doctor_id = fields.UUID(required=True)
    date = fields.Date(required=True, attribute="held_on")
    kind = fields.String(required=True, metadata={"enum": list(OverrideKind)})
    windows = f.Computed(_shown_windows, "windows", metadata={"type": "array", "items": {"type": "object"}})


class _OverrideQuery(ListQuery):
    sort = SortKeys("date")


OverrideQuery = _OverrideQuery.from_dict(
    {"from": f.Day(validate=in_reach), "to": f.Day(validate=in_reach)}, name="OverrideQuery"
)


class TimeOffIn(Body):
    """Leave, to the minute."""

    id = f.Id()
    starts_at = f.Instant(required=True, validate=in_reach)
    ends_at = f.Instant(required=True, validate=in_reach)
    reason = f.Line(most=200, allow_none=True, load_default=None)
    on_conflict = fields.String(validate=validate.OneOf([OnConflict.REFUSE.value, OnConflict.CANCEL.value]))

    @validates_schema(skip_on_field_errors=True)
    def _in_order(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if data["ends_at"] <= data["starts_at"]:
            raise ValidationError("Must be after starts_at.", "ends_at")


class TimeOffOut(Out):
    """Leave as admins and the doctor see it."""

    doctor_id = fields.UUID(required=True)
    starts_at = f.Instant(required=True)
    ends_at = f.Instant(required=True)
    reason = fields.String(required=True, allow_none=True)


class _TimeOffQuery(ListQuery):
    sort = SortKeys("starts_at")


TimeOffQuery = _TimeOffQuery.from_dict({"from": f.DayOrInstant(), "to": f.DayOrInstant()}, name="TimeOffQuery")


class ConflictQuery(Query):
    """What becomes of live bookings."""

    on_conflict = f.Choice(OnConflict, metadata=_LOST)
