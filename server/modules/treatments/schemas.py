"""The shapes of treatments."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, pre_load, validate, validates_schema

from server.core import fields as f, state
from server.core.clock import begin_of, end_of
from server.core.money import format_money
from server.core.refs import AUTHOR, VOIDED, patient_ref, person_ref, taken_back
from server.core.schema import Body, ListQuery, Out, SortKeys
from server.modules.inventory.schemas.witness import Witnessed
from server.modules.treatments.enums import TreatmentStatus
from server.modules.visits.schemas.words import Words

MOST_ITEMS = 100
# What the patient reads of a treatment once its visit is completed.
WORDS = ("notes", "cancel_reason")

_REF = {"type": "object"}
_MAYBE = {"type": ["object", "null"]}
_BEGUN = [TreatmentStatus.PLANNED, TreatmentStatus.IN_PROGRESS]


class ItemUsedIn(Body):
    """Stock that a treatment uses, in base units."""

    item_id = f.Id(required=True)
    quantity = f.Count(1, required=True)


class ItemUsedAgain(ItemUsedIn):
    """Stock that a treatment uses, as it was shown: what the server said of the item is passed over."""

    @pre_load
    def _without_what_was_shown(self, data: Any, **_kwargs: Any) -> Any:
        shown = {"name", "unit"}
        return {name: value for name, value in data.items() if name not in shown} if isinstance(data, dict) else data


class ItemUsedOut(Body):
    """Stock that a treatment uses."""

    item_id = fields.UUID(required=True)
    name = fields.String(required=True)
    unit = fields.String(required=True)
    quantity = fields.Integer(required=True)


class _Writable(Body):
    doctor_id = f.Id()
    service_id = f.Id(
        allow_none=True, load_default=None, metadata={"description": "Name, price and tax are those of the service."}
    )
    name = f.Line(allow_none=True, load_default=None, metadata={"description": "Where there is no service."})
    cost = f.Price(allow_none=True, load_default=None, metadata={"description": "Where there is no service."})
    notes = f.Paragraphs(allow_none=True, load_default=None)
    items_used = fields.List(f.WholeNested(ItemUsedIn), load_default=list, validate=validate.Length(max=MOST_ITEMS))


class TreatmentAtVisit(_Writable):
    """A new treatment at a visit that is known; its doctor is that of the visit unless another is named."""

    id = f.Id()
    status = fields.String(load_default=TreatmentStatus.PLANNED, validate=validate.OneOf(_BEGUN))


class TreatmentIn(TreatmentAtVisit):
    """A new treatment at a visit; its doctor is that of the visit unless another is named."""

    visit_id = f.Id(required=True)
    patient_id = f.Id(metadata={"description": "Whose visit this is; need not be said."})


class TreatmentPatch(_Writable):
    """What changes of a treatment; it is completed and cancelled by verbs of their own."""

    status = f.Choice(TreatmentStatus)


class TreatmentPut(TreatmentPatch):
    """All that can be written of a treatment."""

    items_used = fields.List(f.WholeNested(ItemUsedAgain), load_default=list, validate=validate.Length(max=MOST_ITEMS))


class TreatmentCompleteIn(Witnessed):
    """Who stands by, where the treatment uses controlled stock."""


class TreatmentCancelIn(Body):
    """Why a treatment is cancelled."""

    reason = f.Line(most=500, allow_none=True, load_default=None)


def _amount(minor: int) -> str:
    return format_money(minor, state.settings().clinic_currency)


class TreatmentOut(Out):
    """A treatment; `cost` is what it costs, be that the price of its service or what was said with a free name."""

    patient = f.Computed(
        patient_ref, "patient_id", "patient_first_name", "patient_last_name", "patient_mrn", metadata=_REF
    )
    doctor = f.Computed(person_ref, "doctor_id", "doctor_first_name", "doctor_last_name", metadata=_MAYBE)
    patient_id = fields.UUID(required=True)
    doctor_id = fields.UUID(required=True, allow_none=True)
    visit_id = fields.UUID(required=True)
    service_id = fields.UUID(required=True, allow_none=True)
    name = fields.String(required=True)
    status = fields.String(required=True, metadata={"enum": list(TreatmentStatus)})
    cost = f.Computed(_amount, "price", metadata={"type": "string"})
    price = f.Price(required=True)
    tax_rate = f.Percent(required=True)
    notes = Words()
    items_used = fields.List(fields.Nested(ItemUsedOut), required=True)
    completed_at = f.Instant(required=True, allow_none=True)
    completed_by = fields.UUID(required=True, allow_none=True)
    performer = f.Computed(
        person_ref,
        *("completed_by", "performer_first_name", "performer_last_name"),
        metadata={**_MAYBE, "description": "Who completed it."},
    )
    cancel_reason = Words()
    charge_id = fields.UUID(
        required=True, allow_none=True, metadata={"description": "The charge that stands, unless it was free."}
    )
    recorded_by = fields.UUID(required=True, allow_none=True)
    author = f.Computed(person_ref, *AUTHOR, metadata=_MAYBE)
    voided = f.Computed(taken_back, *VOIDED, metadata=_MAYBE)


class _TreatmentQuery(ListQuery):
    sort = SortKeys("created_at")
    patient_id = f.Id()
    doctor_id = f.Id()
    visit_id = f.Id()
    service_id = f.Id()
    status = f.Choice(TreatmentStatus)

    @validates_schema(skip_on_field_errors=True)
    def _in_order(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if {"from", "to"} <= data.keys() and end_of(data["to"]) <= begin_of(data["from"]):
            raise ValidationError("Must not be before `from`.", "to")


# By the time at which a treatment was written down.
TreatmentQuery = _TreatmentQuery.from_dict({"from": f.DayOrInstant(), "to": f.DayOrInstant()}, name="TreatmentQuery")
