"""The shapes of allergies, conditions, medical history and care team."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from server.core import fields as f
from server.core.codes.icd10cm import Icd10cm
from server.core.refs import AUTHOR, VOIDED, person_ref, taken_back
from server.core.schema import Body, ListQuery, Out, Query, SortKeys
from server.modules.patients.enums import AllergyClass, AllergyStatus, BloodType, ConditionStatus, Severity
from server.modules.patients.schemas.patient import PastDay

_MAYBE = {"type": ["object", "null"]}


def _code(system: str | None, code: str | None) -> dict[str, Any] | None:
    return {"system": system, "code": code} if code else None


class ReasonQuery(Query):
    """Why an entry is marked as entered in error."""

    reason = f.Line(most=500, required=True)


class ChartQuery(ListQuery):
    """A page of a chart's list."""

    sort = SortKeys("created_at")


class _ChartOut(Out):
    patient_id = fields.UUID(required=True)
    recorded_by = fields.UUID(required=True, allow_none=True)
    author = f.Computed(person_ref, *AUTHOR, metadata=_MAYBE)
    voided = f.Computed(taken_back, *VOIDED, metadata=_MAYBE)


class CodeIn(Body):
    """A code of a terminology."""

    system = f.Line(most=200, required=True)
    code = f.Line(most=60, required=True)


class AllergyIn(Body):
    """An allergy; `class` is food, drug or environment."""

    substance = f.Line(required=True)
    code = fields.Nested(CodeIn, allow_none=True, load_default=None)
    allergy_class = f.Choice(AllergyClass, data_key="class", allow_none=True, load_default=None)
    reaction = f.Paragraphs(most=1000, allow_none=True, load_default=None)
    severity = f.Choice(Severity, required=True)
    status = fields.String(
        load_default=AllergyStatus.ACTIVE, validate=validate.OneOf([AllergyStatus.ACTIVE, AllergyStatus.INACTIVE])
    )
    noted_on = PastDay(allow_none=True, load_default=None)


class AllergyCreate(AllergyIn):
    """A new allergy."""

    id = f.Id()


class AllergyOut(_ChartOut):
    """An allergy; the severity is null on imported rows that came without."""

    substance = fields.String(required=True)
    code = f.Computed(_code, "code_system", "code", metadata=_MAYBE)
    allergy_class = fields.String(data_key="class", required=True, allow_none=True)
    reaction = fields.String(required=True, allow_none=True)
    severity = fields.String(required=True, allow_none=True)
    status = fields.String(required=True, metadata={"enum": list(AllergyStatus)})
    noted_on = fields.Date(required=True, allow_none=True)


class NoneKnownIn(Body):
    """Nothing: the statement needs no fields."""


class NoneKnownOut(Body):
    """That the patient knows of no allergies: who asked, and when."""

    patient_id = fields.UUID(required=True)
    stated_by = fields.UUID(required=True)
    author = f.Computed(person_ref, "stated_by", "author_first_name", "author_last_name", metadata={"type": "object"})
    stated_at = f.Instant(required=True)


class ConditionIn(Body):
    """A condition; a code is an ICD-10-CM code."""

    code = Icd10cm(allow_none=True, load_default=None)
    display = f.Line(most=300, required=True)
    onset_on = PastDay(allow_none=True, load_default=None)
    resolved_on = PastDay(allow_none=True, load_default=None)
    status = fields.String(
        load_default=ConditionStatus.ACTIVE,
        validate=validate.OneOf([ConditionStatus.ACTIVE, ConditionStatus.RESOLVED]),
    )
    visit_id = f.Id(
        allow_none=True, load_default=None, metadata={"description": "The open visit at which it is found."}
    )


class ConditionCreate(ConditionIn):
    """A new condition."""

    id = f.Id()


class ConditionOut(_ChartOut):
    """A condition; imported ones may be coded in SNOMED CT."""

    code = fields.String(required=True, allow_none=True)
    code_system = fields.String(required=True, allow_none=True)
    display = fields.String(required=True)
    onset_on = fields.Date(required=True, allow_none=True)
    resolved_on = fields.Date(required=True, allow_none=True)
    status = fields.String(required=True, metadata={"enum": list(ConditionStatus)})
    visit_id = fields.UUID(required=True, allow_none=True)


_ENTRIES = validate.Length(max=100)


class HistoryPatch(Body):
    """What clinicians write of a history."""

    blood_type = f.Choice(BloodType, allow_none=True)
    past_surgeries = fields.List(f.Paragraphs(most=500), validate=_ENTRIES)
    family_history = fields.List(f.Paragraphs(most=500), validate=_ENTRIES)
    social_history = f.Paragraphs(allow_none=True)
    chronic_notes = f.Paragraphs(allow_none=True)


class HistoryOut(Out):
    """A history with the allergies and conditions that stand now."""

    patient_id = fields.UUID(required=True)
    blood_type = fields.String(required=True, allow_none=True)
    past_surgeries = fields.List(fields.String(), required=True)
    family_history = fields.List(fields.String(), required=True)
    social_history = fields.String(required=True, allow_none=True)
    chronic_notes = fields.String(required=True, allow_none=True)


class HistoryAnswer(HistoryOut):
    """A history as it is answered."""

    allergies = fields.List(fields.Nested(AllergyOut), required=True)
    conditions = fields.List(fields.Nested(ConditionOut), required=True)
    no_known_allergies = fields.Nested(NoneKnownOut, required=True, allow_none=True)


class MemberIn(Body):
    """Somebody who joins the care team, and as what."""

    user_id = f.Id(required=True)
    role = f.Line(most=60, allow_none=True, load_default=None)


class MemberQuery(ListQuery):
    """A page of a care team."""

    sort = SortKeys("starts_at")


class MemberOut(Body):
    """A member of the care team."""

    id = fields.UUID(required=True)
    user_id = fields.UUID(required=True)
    user = f.Computed(person_ref, "user_id", "first_name", "last_name", metadata={"type": "object"})
    role = fields.String(required=True, allow_none=True)
    starts_at = f.Instant(required=True)
