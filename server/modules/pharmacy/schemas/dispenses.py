"""The shapes of what is handed out on prescriptions."""

from __future__ import annotations

import uuid
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from server.core import fields as f
from server.core.clock import begin_of, end_of
from server.core.refs import patient_ref, person_ref, taken_back
from server.core.schema import Body, ListQuery, Out, SortKeys, TextFlag
from server.modules.inventory.schemas.witness import Witnessed
from server.modules.prescriptions.enums import DispenseStatus
from server.modules.prescriptions.schemas.items import MOST_ITEMS, MOST_UNITS
from server.modules.prescriptions.schemas.writing import Answering

_REF = {"type": "object"}
_MAYBE = {"type": ["object", "null"]}
_MOST_LOTS = 50


class TakenLotIn(Body):
    """So much of a lot."""

    lot_id = f.Id(required=True)
    quantity = f.Count(1, MOST_UNITS, required=True)


class _Portion(Body):
    quantity = f.Count(
        1, MOST_UNITS, metadata={"description": "Base units; without it, what is left of the fill that is due."}
    )
    lots = fields.List(
        fields.Nested(TakenLotIn),
        validate=validate.Length(1, _MOST_LOTS),
        metadata={"description": "Of which lots; without them, of those that expire first."},
    )

    @validates_schema(skip_on_field_errors=True)
    def _adds_up(self, data: dict[str, Any], **_kwargs: Any) -> None:
        lots = data.get("lots", ())
        if len({one["lot_id"] for one in lots}) != len(lots):
            raise ValidationError("Each lot is named once.", "lots")
        if lots and "quantity" in data and sum(one["quantity"] for one in lots) != data["quantity"]:
            raise ValidationError("The lots do not add up to the quantity.", "lots")


class ItemToFill(_Portion):
    """So much of an item of the prescription."""

    item_id = f.Id(required=True)


class PrepareIn(_Portion):
    """What is laid ready: of a prescription's one item, of the items that are named, or of all."""

    items = fields.List(fields.Nested(ItemToFill), validate=validate.Length(1, MOST_ITEMS))
    allow_partial = f.Flag(load_default=False, metadata={"description": "Take what there is where that is less."})

    @validates_schema(skip_on_field_errors=True)
    def _says_it_once(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if "items" in data:
            for name in ("quantity", "lots"):
                if name in data:
                    raise ValidationError("Say it of each of the items.", name)


class FillIn(PrepareIn, Answering):
    """What is handed out, and what one answers for."""


class ReverseIn(Witnessed):
    """Why something comes back."""

    reason = f.Paragraphs(most=1000, required=True)
    never_left_premises = f.Flag(load_default=False)


def _medication(medication_id: uuid.UUID, name: str) -> dict[str, Any]:
    return {"id": medication_id, "name": name}


def _settled(kind: str | None, settled_id: uuid.UUID | None) -> dict[str, Any] | None:
    return {"type": kind, "id": settled_id} if kind else None


def _same(value: Any) -> Any:
    return value


class DispenseOut(Out):
    """Units handed out, or laid ready, for one item of a prescription.

    To the cashier it shows what the till needs: number, patient, medication, quantity and price.
    """

    rx_number = fields.String(required=True)
    patient = f.Computed(
        patient_ref, "patient_id", "patient_first_name", "patient_last_name", "patient_mrn", metadata=_REF
    )
    medication = f.Computed(_medication, "medication_id", "medication_name", metadata=_REF)
    fill_number = fields.Integer(required=True)
    quantity = fields.Integer(required=True)
    unit_price = f.Price(required=True)
    tax_rate = f.Percent(required=True)
    status = fields.String(required=True, metadata={"enum": list(DispenseStatus)})
    prescription_id = fields.UUID()
    item_id = fields.UUID(metadata={"description": "The item of the prescription."})
    medication_id = fields.UUID()
    patient_id = fields.UUID()
    lots = fields.List(fields.Dict())
    skipped = fields.List(fields.Dict(), metadata={"description": "Lots that were passed over, and why."})
    prepared_by = f.Computed(person_ref, "prepared_by", "preparer_first_name", "preparer_last_name", metadata=_MAYBE)
    prepared_at = f.Instant(allow_none=True)
    filled_by = f.Computed(person_ref, "filled_by", "filler_first_name", "filler_last_name", metadata=_MAYBE)
    filled_by_id = f.Computed(_same, "filled_by", metadata={"type": ["string", "null"], "format": "uuid"})
    filled_at = f.Instant(allow_none=True)
    settled_by = f.Computed(_settled, "settled_type", "settled_id", metadata=_MAYBE)
    reversed = f.Computed(
        taken_back,
        *("reversed_at", "reversed_by", "reverser_first_name", "reverser_last_name", "reverse_reason"),
        metadata=_MAYBE,
    )
    never_left_premises = fields.Boolean(allow_none=True)
    override_reason = fields.String(allow_none=True, metadata={"description": "Shown to staff."})


# What is shown at the till, beside who it is and when it was changed.
AT_THE_TILL = frozenset(
    {"id", "created_at", "updated_at", "version", "rx_number", "patient", "medication", "fill_number", "quantity"}
    | {"unit_price", "tax_rate", "status"}
)


class FilledOut(DispenseOut):
    """What was handed out, or laid ready: the first dispense, and all of them where there are several items."""

    dispenses = fields.List(fields.Nested(DispenseOut), required=True)


class _DispenseQuery(ListQuery):
    sort = SortKeys("created_at")
    patient_id = f.Id()
    prescription_id = f.Id()
    medication_id = f.Id()
    status = f.Choice(DispenseStatus)
    to_pay = TextFlag(metadata={"description": "What is filled and not sold yet."})

    @validates_schema(skip_on_field_errors=True)
    def _in_order(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if {"from", "to"} <= data.keys() and end_of(data["to"]) <= begin_of(data["from"]):
            raise ValidationError("Must not be before `from`.", "to")


DispenseQuery = _DispenseQuery.from_dict({"from": f.DayOrInstant(), "to": f.DayOrInstant()}, name="DispenseQuery")


class OfPrescriptionQuery(ListQuery):
    """A page of the dispenses of a prescription."""

    sort = SortKeys("created_at")
