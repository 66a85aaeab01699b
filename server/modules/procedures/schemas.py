"""The shapes of procedures."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema

from server.core import fields as f
from server.core.clock import begin_of, end_of
from server.core.refs import AUTHOR, VOIDED, patient_ref, person_ref, taken_back
from server.core.schema import Body, ListQuery, Out, SortKeys
from server.modules.procedures.enums import ProcedureStatus
from server.modules.visits.schemas.words import HELD, Words

_MAYBE = {"type": ["object", "null"]}
# What is said of how it went.
_SAID = ("outcome", "notes", "complications")
# What the patient reads of a procedure once its visit is completed.
WORDS = ("indication", "cancel_reason", "addenda", *(f"performed.{one}" for one in _SAID))


class ProcedureIn(Body):
    """What is ordered of a procedure; without a name it has that of its service."""

    name = f.Line(most=300, allow_none=True, load_default=None)
    service_id = f.Id(allow_none=True, load_default=None, metadata={"description": "Charged when it is performed."})
    indication = f.Paragraphs(most=2000, allow_none=True, load_default=None)


class ProcedureAtVisit(ProcedureIn):
    """A new order at a visit that is known."""

    id = f.Id()
    doctor_id = f.Id(
        allow_none=True,
        load_default=None,
        metadata={"description": "For whom a nurse orders; a doctor orders in their own name."},
    )


class ProcedureCreate(ProcedureAtVisit):
    """A new order: at a visit, or for a patient."""

    patient_id = f.Id()
    visit_id = f.Id(allow_none=True, load_default=None)


class PerformIn(Body):
    """How a procedure went; without a time, it was performed now."""

    performed_at = f.Instant(allow_none=True, load_default=None)
    outcome = f.Paragraphs(allow_none=True, load_default=None)
    notes = f.Paragraphs(allow_none=True, load_default=None)
    complications = f.Paragraphs(allow_none=True, load_default=None)


class ProcedureCancelIn(Body):
    """Why a procedure will not be performed."""

    reason = f.Paragraphs(most=500, required=True)


class ProcedureAddendumIn(Body):
    """What is added to a performed procedure."""

    text = f.Paragraphs(required=True)


def _performed(
    at: datetime | None, by: uuid.UUID | None, first: str | None, last: str | None, *said: str | None
) -> dict[str, Any] | None:
    words = dict(zip(_SAID, said, strict=True))
    return {"at": at, "by": person_ref(by, first, last), **words} if at else None


class ProcedureAddendumOut(Schema):
    """What was added to a performed procedure."""

    text = fields.String(required=True)
    by = f.Computed(person_ref, "by", "first_name", "last_name", metadata={"type": "object"})
    at = f.Instant(required=True)


class ProcedureOut(Out):
    """A procedure; imported ones keep their code."""

    patient_id = fields.UUID(required=True)
    patient = f.Computed(
        patient_ref,
        *("patient_id", "patient_first_name", "patient_last_name", "patient_mrn"),
        metadata={"type": "object"},
    )
    visit_id = fields.UUID(required=True, allow_none=True)
    doctor_id = fields.UUID(required=True, allow_none=True)
    doctor = f.Computed(person_ref, "doctor_id", "doctor_first_name", "doctor_last_name", metadata=_MAYBE)
    name = fields.String(required=True)
    code = fields.String(required=True, allow_none=True)
    code_system = fields.String(required=True, allow_none=True)
    service_id = fields.UUID(required=True, allow_none=True)
    indication = Words()
    status = fields.String(required=True, metadata={"enum": list(ProcedureStatus)})
    performed = f.Computed(
        _performed,
        *("performed_at", "performed_by", "performer_first_name", "performer_last_name"),
        *_SAID,
        metadata={
            **_MAYBE,
            "description": f"`{{at, by, {', '.join(_SAID)}}}`; `by` is null on imported ones. The words: {HELD}",
        },
    )
    cancel_reason = Words()
    charge_id = fields.UUID(
        required=True, allow_none=True, metadata={"description": "The charge that stands, unless it was free."}
    )
    source = fields.String(required=True)
    recorded_by = fields.UUID(required=True, allow_none=True)
    author = f.Computed(person_ref, *AUTHOR, metadata=_MAYBE)
    voided = f.Computed(taken_back, *VOIDED, metadata=_MAYBE)


class ProcedureAnswer(ProcedureOut):
    """A procedure with what was added to it, oldest first."""

    addenda = fields.List(fields.Nested(ProcedureAddendumOut), metadata={"description": HELD})


class _ProcedureQuery(ListQuery):
    sort = SortKeys("created_at", "performed_at")
    patient_id = f.Id()
    doctor_id = f.Id()
    visit_id = f.Id()
    status = f.Choice(
        ProcedureStatus, metadata={"description": "Without it, all but those that were entered in error."}
    )

    @validates_schema(skip_on_field_errors=True)
    def _in_order(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if {"from", "to"} <= data.keys() and end_of(data["to"]) <= begin_of(data["from"]):
            raise ValidationError("Must not be before `from`.", "to")


# By the time at which a procedure was performed or, where it was not, ordered; so is the sort key `performed_at`.
ProcedureQuery = _ProcedureQuery.from_dict({"from": f.DayOrInstant(), "to": f.DayOrInstant()}, name="ProcedureQuery")
