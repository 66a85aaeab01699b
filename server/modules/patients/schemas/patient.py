"""The shapes of patients: what clients send, what each caller gets."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields, pre_load, validate

from server.core import clock, fields as f
from server.core.people import Sex, full_name
from server.core.schema import AddressIn, Body, ListQuery, Out, Query, SearchText, SortKeys, TextFlag, with_two_names
from server.modules.patients.enums import PatientStatus

MARITAL = ("single", "married", "partnered", "separated", "divorced", "widowed", "unknown")
_ADDRESS = ("line1", "line2", "city", "state", "postal_code", "country")
_ADDRESS_COLUMNS = tuple(f"address_{part}" for part in _ADDRESS)


def _address(*parts: str | None) -> dict[str, str | None] | None:
    return dict(zip(_ADDRESS, parts, strict=True)) if any(parts) else None


def age_in_years(born: date, died: date | None, today: date) -> int:
    """Return completed years, at death for the dead."""
    day = died or today
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _not_future(day: date) -> None:
    if day > clock.today():
        raise ValidationError("Must not be in the future.")


class PastDay(f.Day):
    """A date that has come."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=_not_future, metadata={"pattern": "^(19[0-9]{2}|20[01][0-9])-"}, **kwargs)


class PatientPut(Body):
    """What can be written of a patient; `name` and `gender` are accepted for the two names and for `sex`."""

    prefix = f.Line(most=40, allow_none=True, load_default=None)
    first_name = f.Line(most=100, required=True)
    middle_name = f.Line(most=100, allow_none=True, load_default=None)
    last_name = f.Line(most=100, required=True)
    preferred_name = f.Line(most=100, allow_none=True, load_default=None)
    maiden_name = f.Line(most=100, allow_none=True, load_default=None)
    date_of_birth = f.BirthDate(required=True)
    sex = f.Choice(Sex, required=True)
    gender_identity = f.Line(most=60, allow_none=True, load_default=None)
    phone = f.Phone(allow_none=True, load_default=None)
    email = f.Email(allow_none=True, load_default=None)
    address = fields.Nested(AddressIn, allow_none=True, load_default=None)
    language = f.Language(allow_none=True, load_default=None)
    marital_status = fields.String(allow_none=True, load_default=None, validate=validate.OneOf(MARITAL))
    occupation = f.Line(most=100, allow_none=True, load_default=None)
    primary_doctor_id = f.Id(allow_none=True, load_default=None, metadata={"description": "An active doctor."})
    notes = f.Paragraphs(allow_none=True, load_default=None)
    possible_duplicate = f.Flag(metadata={"description": "Admin and receptionist; false once the desk has looked."})


class PatientChange(PatientPut):
    """What can be changed of a patient; of the status only that they have died, which a date of death says too."""

    status = f.Choice(PatientStatus)
    deceased_on = PastDay(allow_none=True, load_default=None)


class PatientIn(PatientPut):
    """A new patient; `confirm_new` goes on although a likely duplicate was found.

    `create_user_account` mails the patient an invitation to the portal.
    """

    class Meta(Body.Meta):
        exclude: ClassVar[tuple[str, ...]] = ("possible_duplicate",)

    id = f.Id()
    name = f.Line(most=201, metadata={"writeOnly": True})
    gender = f.Choice(Sex, metadata={"writeOnly": True})
    confirm_new = f.Flag(load_default=False)
    create_user_account = f.Flag(load_default=False, metadata={"writeOnly": True})

    @pre_load
    def _accept_other_names(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        data = with_two_names(data)
        if "gender" in data:
            if "sex" in data:
                raise ValidationError({"gender": ["Give either sex or gender."]})
            data["sex"] = data.pop("gender")
        return data


class OwnPatientIn(PatientIn):
    """A user's own new profile: all but what staff note and decide."""

    class Meta(Body.Meta):
        exclude: ClassVar[tuple[str, ...]] = (
            *("id", "notes", "confirm_new", "primary_doctor_id"),
            *("possible_duplicate", "create_user_account"),
        )


class LookupCard(Schema):
    """What an exact look-up shows."""

    id = fields.UUID(required=True)
    mrn = fields.String(required=True)
    name = f.Computed(full_name, "first_name", "last_name", metadata={"type": "string"})
    date_of_birth = fields.Date(required=True)
    sex = fields.String(required=True, metadata={"enum": list(Sex)})


class PatientCard(LookupCard):
    """The identity card: enough to know who somebody is, and nothing of their health."""

    phone = fields.String(required=True, allow_none=True)


class PatientOut(Out):
    """A patient as those see them who may see more than the card."""

    mrn = fields.String(required=True)
    prefix = fields.String(required=True, allow_none=True)
    first_name = fields.String(required=True)
    middle_name = fields.String(required=True, allow_none=True)
    last_name = fields.String(required=True)
    preferred_name = fields.String(required=True, allow_none=True)
    maiden_name = fields.String(required=True, allow_none=True)
    name = f.Computed(full_name, "first_name", "last_name", metadata={"type": "string"})
    date_of_birth = fields.Date(required=True)
    age = f.Computed(age_in_years, "date_of_birth", "deceased_on", once=clock.today, metadata={"type": "integer"})
    sex = fields.String(required=True, metadata={"enum": list(Sex)})
    gender_identity = fields.String(required=True, allow_none=True)
    phone = fields.String(required=True, allow_none=True)
    email = fields.String(required=True, allow_none=True)
    address = f.Computed(_address, *_ADDRESS_COLUMNS, metadata={"type": ["object", "null"]})
    language = fields.String(required=True, allow_none=True)
    marital_status = fields.String(required=True, allow_none=True)
    occupation = fields.String(required=True, allow_none=True)
    primary_doctor_id = fields.UUID(required=True, allow_none=True)
    status = fields.String(required=True, metadata={"enum": list(PatientStatus)})
    deceased_on = fields.Date(required=True, allow_none=True)
    notes = fields.String(required=True, allow_none=True)


class PatientAnswer(PatientOut):
    """A patient in the documentation: roles that see less get fewer fields, absent and not null."""

    identifiers = fields.List(fields.Dict(), metadata={"description": "Admin and receptionist."})
    possible_duplicate = fields.Boolean(metadata={"description": "Admin and receptionist."})
    allergies = fields.List(fields.Dict(), metadata={"description": "Pharmacy roles."})
    last_visit_on = fields.Date(allow_none=True, metadata={"description": "In the answer about one patient."})
    next_appointment_at = f.Instant(allow_none=True, metadata={"description": "In the answer about one patient."})

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Promise only what everybody sees: the identity card."""
        field_obj.required = field_name in PatientCard().fields


class PatientWithIdentifiers(PatientOut):
    """A patient as admin and receptionist see them: with the numbers that other systems gave."""

    identifiers = fields.List(fields.Dict(), required=True)
    possible_duplicate = fields.Boolean(required=True)


class PatientQuery(ListQuery):
    """Filters of the list of patients; without `status` the inactive and merged are left out."""

    q = SearchText()
    name = SearchText()
    sort = SortKeys("last_name", "created_at", "mrn")
    status = f.Choice(PatientStatus)
    sex = f.Choice(Sex)
    gender = f.Choice(Sex)
    born_from = f.Day()
    born_to = f.Day()
    doctor_id = f.Id()
    city = f.Line(most=100)
    possible_duplicate = TextFlag()

    @pre_load
    def _one_sex(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        if "sex" in data and "gender" in data:
            raise ValidationError({"gender": ["Give either sex or gender."]})
        return data


class PatientSearchQuery(PatientQuery):
    """A search: every word of `q` must occur in names, MRN, e-mail, birth date or phone digits; best match first."""

    q = SearchText(required=True)


class LookupQuery(Query):
    """Either the MRN, or both names and the birth date; all exact but for case and accents."""

    mrn = f.Line(most=20)
    last_name = f.Line(most=100)
    first_name = f.Line(most=100)
    date_of_birth = f.Day()
