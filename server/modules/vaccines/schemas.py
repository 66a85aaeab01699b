"""The shapes of immunisations, of the catalogue and of what is due."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from server.core import clock, fields as f
from server.core.refs import AUTHOR, VOIDED, patient_ref, person_ref, taken_back
from server.core.schema import Body, ListQuery, Out, Query, SearchText, SortKeys, TextFlag
from server.modules.vaccines.enums import CodeStatus, DoseSource, VaccineStatus, Validity
from server.modules.visits.schemas.words import HELD, Words

_REF = {"type": "object"}
_MAYBE = {"type": ["object", "null"]}
# What the patient reads of an entry, and of what it said before, once its visit is completed.
WORDS = ("notes", "not_done_reason")
FORMER_WORDS = (*(f"said.{one}" for one in WORDS), "superseded.reason")
_FIRST_YEAR, _LAST_YEAR = 1900, 2199


class CalendarDay(f.Day):
    """A date with which the schedule can reckon."""

    def __init__(self, **kwargs: Any) -> None:
        pattern = "^(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$"
        super().__init__(validate=_in_calendar, metadata={"pattern": pattern, **kwargs.pop("metadata", {})}, **kwargs)


def _in_calendar(day: date) -> None:
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise ValidationError(f"Expected a year from {_FIRST_YEAR} to {_LAST_YEAR}.")


class _DoseIn(Body):
    vaccine_code = fields.String(
        required=True,
        validate=f.Matches(r"^[0-9]{2,3}$", error="Expected a CVX code, two or three digits."),
        metadata={"example": "08"},
    )
    name = f.Line(
        allow_none=True, load_default=None, metadata={"description": "CDC's short description unless another is given."}
    )
    status = fields.String(
        load_default=VaccineStatus.COMPLETED,
        validate=validate.OneOf([VaccineStatus.COMPLETED, VaccineStatus.NOT_DONE]),
    )
    not_done_reason = f.Paragraphs(most=1000, allow_none=True, load_default=None)
    administered_on = CalendarDay(
        required=True, metadata={"description": "When it was given or, where it was not, when that was decided."}
    )
    dose_number = f.Count(1, 99, allow_none=True, load_default=None)
    lot_number = f.Line(most=60, allow_none=True, load_default=None)
    lot_expires_on = CalendarDay(allow_none=True, load_default=None)
    manufacturer = f.Line(allow_none=True, load_default=None)
    site = f.Line(most=60, allow_none=True, load_default=None)
    route = f.Line(most=60, allow_none=True, load_default=None)
    next_due_on = CalendarDay(allow_none=True, load_default=None)
    notes = f.Paragraphs(allow_none=True, load_default=None)
    confirm_new = f.Flag(
        load_default=False,
        metadata={"description": "True where the same vaccine was indeed given twice to the patient on one day."},
    )


class VaccineCreate(_DoseIn):
    """A vaccine that was given here, was given elsewhere by report, or was not given and why."""

    id = f.Id()
    patient_id = f.Id(
        allow_none=True, load_default=None, metadata={"description": "Not needed where a visit is named."}
    )
    visit_id = f.Id(allow_none=True, load_default=None)
    source = fields.String(
        load_default=DoseSource.CLINIC, validate=validate.OneOf([DoseSource.CLINIC, DoseSource.REPORTED])
    )


class VaccineIn(_DoseIn):
    """A correction; what stood before stays readable."""

    change_reason = f.Line(most=500, allow_none=True, load_default=None)


def _validity(status: str | None, reason: str | None) -> dict[str, Any] | None:
    return {"status": status, "reason": reason} if status else None


class VaccineOut(Out):
    """A vaccine that was given, or was not. The doctor is that of the visit."""

    patient = f.Computed(
        patient_ref, "patient_id", "patient_first_name", "patient_last_name", "patient_mrn", metadata=_REF
    )
    patient_id = fields.UUID(required=True)
    doctor = f.Computed(person_ref, "doctor_id", "doctor_first_name", "doctor_last_name", metadata=_MAYBE)
    doctor_id = fields.UUID(required=True, allow_none=True)
    visit_id = fields.UUID(required=True, allow_none=True)
    source = fields.String(required=True, metadata={"enum": list(DoseSource)})
    vaccine_code = fields.String(required=True)
    name = fields.String(required=True)
    status = fields.String(required=True, metadata={"enum": list(VaccineStatus)})
    not_done_reason = Words()
    administered_on = fields.Date(required=True)
    administered_by = fields.UUID(required=True, allow_none=True)
    vaccinator = f.Computed(
        person_ref,
        *("administered_by", "vaccinator_first_name", "vaccinator_last_name"),
        metadata={**_MAYBE, "description": "Who gave it here."},
    )
    dose_number = fields.Integer(required=True, allow_none=True)
    lot_number = fields.String(required=True, allow_none=True)
    lot_expires_on = fields.Date(required=True, allow_none=True)
    manufacturer = fields.String(required=True, allow_none=True)
    site = fields.String(required=True, allow_none=True)
    route = fields.String(required=True, allow_none=True)
    next_due_on = fields.Date(required=True, allow_none=True)
    notes = Words()
    validity = f.Computed(
        _validity,
        *("validity", "validity_reason"),
        metadata={**_MAYBE, "description": f"Status: {', '.join(Validity)}; null where nothing was given."},
    )
    recorded_by = fields.UUID(required=True, allow_none=True)
    author = f.Computed(person_ref, *AUTHOR, metadata=_MAYBE)
    voided = f.Computed(taken_back, *VOIDED, metadata=_MAYBE)


class VaccineVersionOut(Schema):
    """What an entry said before it was corrected, and who corrected it, when and why."""

    id = fields.UUID(required=True)
    number = fields.Integer(required=True)
    said = fields.Dict(required=True, metadata={"description": f"`{'`, `'.join(WORDS)}`: {HELD}"})
    superseded = f.Computed(
        taken_back,
        *("superseded_at", "superseded_by", "corrector_first_name", "corrector_last_name", "superseded_reason"),
        metadata={"type": "object", "description": f"`reason`: {HELD}"},
    )


class VersionQuery(ListQuery):
    """A page of former versions."""

    sort = SortKeys("number")


def day_of(bound: date) -> date:
    """Return the day of a range's bound; that of an instant, by the clinic's clock, lies in the range."""
    return bound.astimezone(clock.clinic_zone()).date() if isinstance(bound, datetime) else bound


class _VaccineQuery(ListQuery):
    sort = SortKeys("administered_on", "created_at")
    patient_id = f.Id()
    doctor_id = f.Id(metadata={"description": "Of the visit, or who gave it."})
    visit_id = f.Id()
    status = f.Choice(VaccineStatus)
    source = f.Choice(DoseSource)
    vaccine_code = fields.String(validate=f.Matches(r"^[0-9]{2,3}$", error="Expected a CVX code."))

    @validates_schema(skip_on_field_errors=True)
    def _in_order(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if {"from", "to"} <= data.keys() and day_of(data["to"]) < day_of(data["from"]):
            raise ValidationError("Must not be before `from`.", "to")


VaccineQuery = _VaccineQuery.from_dict({"from": f.DayOrInstant(), "to": f.DayOrInstant()}, name="VaccineQuery")


class CatalogueQuery(ListQuery):
    """A page of the catalogue."""

    sort = SortKeys("code", "name")
    q = SearchText()
    status = f.Choice(CodeStatus)
    is_vaccine = TextFlag()


class CatalogueOut(Schema):
    """A CVX code."""

    id = fields.UUID(required=True)
    code = fields.String(required=True)
    name = fields.String(required=True)
    status = fields.String(required=True, metadata={"enum": list(CodeStatus)})
    is_vaccine = fields.Boolean(required=True)


class DueQuery(Query):
    """For which day."""

    as_of = CalendarDay(metadata={"description": "Today, unless given."})


class DueOut(Schema):
    """Where a patient stands in a group of vaccines, and when the next dose is due; without dates none is."""

    vaccine_group = fields.String(required=True)
    series_status = fields.String(required=True)
    dose_number = fields.Integer(required=True, allow_none=True)
    earliest_on = fields.Date(required=True, allow_none=True)
    recommended_on = fields.Date(required=True, allow_none=True)
    past_due_on = fields.Date(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)
