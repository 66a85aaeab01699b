"""The shapes of the clinic and its holidays."""

from __future__ import annotations

from marshmallow import Schema, ValidationError, fields, validate

from server.core import fields as f, state
from server.core.schema import AddressIn, Body, ListQuery, Out, SortKeys
from server.modules.doctors.enums import OnConflict, Weekday
from server.modules.doctors.schemas.days import CalendarDay

_SHOWN = {"description": "Shown, and not enforced."}


def _distinct(days: list[str]) -> None:
    if len(set(days)) != len(days):
        raise ValidationError("Each day may be named once.")


def _name_or_setting(name: str | None) -> str:
    return name or state.settings().clinic_name


class ClinicChange(Body):
    """What an admin changes of the clinic; zone and currency are settings, and are taken only as they stand."""

    name = f.Line(allow_none=True, metadata={"description": "null: as CLINIC_NAME says."})
    phone = f.Phone(allow_none=True)
    email = f.Email(allow_none=True)
    address = fields.Nested(AddressIn, allow_none=True)
    opening_days = fields.List(
        f.Choice(Weekday),
        validate=[validate.Length(max=7), _distinct],
        metadata=_SHOWN,
    )
    letterhead = f.RichText(allow_none=True)
    timezone = f.Zone(metadata={"description": "As CLINIC_TIMEZONE says; another is refused."})
    currency = fields.String(metadata={"description": "As CLINIC_CURRENCY says; another is refused."})


class ClinicOut(Out):
    """The clinic."""

    name = f.Computed(_name_or_setting, "name", metadata={"type": "string"})
    phone = fields.String(required=True, allow_none=True)
    email = fields.String(required=True, allow_none=True)
    address = fields.Dict(required=True, allow_none=True)
    opening_days = fields.List(fields.String(), required=True, metadata=_SHOWN)
    letterhead = fields.String(required=True, allow_none=True)
    timezone = f.Computed(lambda: state.settings().clinic_timezone, metadata={"type": "string"})
    currency = f.Computed(lambda: state.settings().clinic_currency, metadata={"type": "string"})


class HolidayIn(Body):
    """A new holiday; without `on_conflict` the appointments of that day are kept, and listed in the answer."""

    id = f.Id()
    date = CalendarDay(required=True)
    name = f.Line(most=100, required=True)
    on_conflict = f.Choice(OnConflict, load_default=OnConflict.KEEP, metadata={"writeOnly": True})


class HolidayOut(Schema):
    """A date on which nobody sees patients; it is added and removed, never changed."""

    id = fields.UUID(required=True)
    date = fields.Date(required=True, attribute="held_on")
    name = fields.String(required=True)
    created_at = f.Instant(required=True)
    updated_at = f.Instant(required=True)


class HolidayAnswer(HolidayOut):
    """A holiday that was just added, with the appointments of its day that still stand."""

    appointments = fields.List(fields.Dict(), required=True)


class _Holidays(ListQuery):
    sort = SortKeys("date")


HolidayQuery = _Holidays.from_dict({"from": f.Day(), "to": f.Day()}, name="HolidayQuery")
