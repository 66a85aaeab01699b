"""The shapes of doctors: what is public, what admin and the doctor see, and who writes what."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, ClassVar

from marshmallow import ValidationError, fields, pre_load, validate

from server.core import fields as f
from server.core.people import full_name
from server.core.schema import Body, ListQuery, Out, SearchText, SortKeys, with_two_names
from server.modules.doctors.enums import DoctorStatus, OnConflict
from server.modules.doctors.schemas.days import CalendarDay
from server.modules.doctors.schemas.specialty import SpecialtyCode

_CODES = {"type": "array", "items": {"type": "string"}, "description": "Codes of specialties."}
_LOST = {
    "writeOnly": True,
    "description": "What becomes of live bookings that a new `timezone` puts outside all hours; `refuse` if it is not "
    "said.",
}
_AMOUNT = {"pattern": "^[0-9]{1,7}([.][0-9]{1,2})?$"}


def _distinct(values: list[str]) -> None:
    if len(set(values)) != len(values):
        raise ValidationError("Each may be named once.")


def _split(codes: str | None) -> list[str]:
    return sorted(codes.split(",")) if codes else []


def shown_rating(total: int, count: int) -> float | None:
    """Return the mean of so many ratings with two decimals, half up; none have no mean."""
    return (200 * total + count) // (2 * count) / 100 if count else None


class Fee(f.Money):
    """A fee: not negative, and small enough to sort by."""

    def __init__(self, **kwargs: Any) -> None:
        metadata = {**_AMOUNT, **kwargs.pop("metadata", {})}
        super().__init__(validate=validate.Range(0, f.MAX_INT, error="Out of range."), metadata=metadata, **kwargs)


class _Practice(Body):
    """What doctors say of themselves."""

    title = f.Line(most=60, allow_none=True, load_default=None)
    years_of_experience = f.Count(0, 90, allow_none=True, load_default=None)
    qualifications = fields.List(f.Line(), load_default=list, validate=validate.Length(max=50))
    bio = f.RichText(allow_none=True, load_default=None)
    languages = fields.List(f.Language(), load_default=list, validate=[validate.Length(max=30), _distinct])
    city = f.Line(most=100, allow_none=True, load_default=None)
    consultation_fee = Fee(allow_none=True, load_default=None)
    default_duration_minutes = f.Count(5, 480, allow_none=True, load_default=None)
    timezone = f.Zone(allow_none=True, load_default=None)


class DoctorPut(_Practice):
    """What an admin writes of a doctor."""

    user_id = f.Id(
        allow_none=True,
        metadata={"description": "An account of role doctor; null takes it away. PUT keeps it unless it is sent."},
    )
    first_name = f.Line(most=100, required=True)
    last_name = f.Line(most=100, required=True)
    specialties = fields.List(SpecialtyCode(), load_default=list, validate=[validate.Length(max=20), _distinct])
    license_number = f.Line(most=60, allow_none=True, load_default=None)
    license_expires_on = f.Day(allow_none=True, load_default=None)


class DoctorChange(DoctorPut):
    """What an admin changes of a doctor; `status` active brings a deactivated one back."""

    status = f.Choice(DoctorStatus)
    on_conflict = f.Choice(OnConflict, metadata=_LOST)


class DoctorIn(DoctorPut):
    """A new doctor: for the account `user_id`, with a new one that is invited to `email`, or without any."""

    id = f.Id()
    name = f.Line(most=201, metadata={"writeOnly": True})
    email = f.Email(allow_none=True, load_default=None, metadata={"writeOnly": True})

    @pre_load
    def _accept_one_name(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        if data.get("user_id") is not None and data.get("email") is not None:
            raise ValidationError({"email": ["Give either user_id or email."]})
        return with_two_names(data)


class OwnDoctorIn(DoctorIn):
    """One's own new profile; names that are left out are those of the account."""

    class Meta(Body.Meta):
        exclude: ClassVar[tuple[str, ...]] = ("id", "user_id", "email")

    first_name = f.Line(most=100)
    last_name = f.Line(most=100)


class OwnDoctorChange(_Practice):
    """What doctors change of themselves: names, specialties and licence are the clinic's word."""

    on_conflict = f.Choice(OnConflict, metadata=_LOST)


class PublicDoctor(Out):
    """A doctor as everybody sees them."""

    first_name = fields.String(required=True)
    last_name = fields.String(required=True)
    name = f.Computed(full_name, "first_name", "last_name", metadata={"type": "string"})
    title = fields.String(required=True, allow_none=True)
    specialties = f.Computed(_split, "specialty_codes", metadata=_CODES)
    years_of_experience = fields.Integer(required=True, allow_none=True)
    qualifications = fields.List(fields.String(), required=True)
    bio = fields.String(required=True, allow_none=True)
    languages = fields.List(fields.String(), required=True)
    city = fields.String(required=True, allow_none=True)
    consultation_fee = f.Money(required=True, allow_none=True)
    default_duration_minutes = fields.Integer(required=True, allow_none=True)
    timezone = fields.String(required=True, allow_none=True)
    rating = f.Computed(shown_rating, "rating_sum", "rating_count", metadata={"type": ["number", "null"]})
    rating_count = fields.Integer(required=True)
    status = fields.String(required=True, metadata={"enum": list(DoctorStatus)})


class WholeDoctor(PublicDoctor):
    """A doctor as admins and the doctor see them."""

    user_id = fields.UUID(required=True, allow_none=True)
    license_number = fields.String(required=True, allow_none=True)
    license_expires_on = fields.Date(required=True, allow_none=True)


class DoctorAnswer(WholeDoctor):
    """A doctor in the documentation: account and licence are absent, not null, for all but admins and the doctor."""

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Promise only what everybody sees."""
        field_obj.required = field_name in PublicDoctor().fields


class _LeastRating(fields.Field[int]):
    """A rating from 0 to 5 with at most two decimals, in hundredths."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if not isinstance(value, str) or not re.fullmatch(r"5([.]0{1,2})?|[0-4]([.][0-9]{1,2})?", value, re.ASCII):
            raise ValidationError("Expected a number from 0 to 5 with at most two decimals.")
        return int(Decimal(value) * 100)


class _SpokenLanguage(f.Language):
    """A language tag in any case."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        language, *parts = str(value).split("-")
        written = [part.upper() if len(part) == len("BR") else part.title() for part in parts]
        return super()._deserialize("-".join([language.lower(), *written]), attr, data, **kwargs)


class DoctorQuery(ListQuery):
    """Filters of the public list; only admins find doctors of another status than active."""

    q = SearchText()
    specialty = f.Line(most=60, metadata={"description": "The code or the id of a specialty."})
    city = f.Line(most=100)
    min_rating = _LeastRating(
        metadata={"type": "string", "pattern": "^[0-4]([.][0-9]{1,2})?$", "description": "Unrated doctors have none."}
    )
    language = _SpokenLanguage(metadata={"description": "`pt` also finds who speaks `pt-BR`; case does not matter."})
    available_on = CalendarDay(metadata={"description": "A day on which a time is free."})
    max_fee = Fee(metadata={"description": "Doctors without a stated fee are left out."})
    status = f.Choice(DoctorStatus)
    sort = SortKeys("last_name", "rating", "fee")


class FavoriteQuery(ListQuery):
    """A page of favourites."""

    sort = SortKeys("last_name", "created_at")
