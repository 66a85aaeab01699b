"""The shapes of sales, which clients know as transactions."""

from __future__ import annotations

import uuid
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from server.core import fields as f, state
from server.core.clock import begin_of, end_of
from server.core.money import LARGEST
from server.core.refs import patient_ref
from server.core.schema import Body, ListQuery, Out, SortKeys
from server.modules.inventory.schemas.witness import Witnessed
from server.modules.pharmacy.enums import PaymentMethod

MOST_LINES = 100
MOST_PAYMENTS = 20

_MAYBE = {"type": ["object", "null"]}


class SaleLineIn(Body):
    """A medication from the shelf with its quantity, or a dispense, which is sold whole."""

    medication_id = f.Id(allow_none=True, load_default=None)
    dispense_id = f.Id(allow_none=True, load_default=None)
    quantity = f.Count(1, allow_none=True, load_default=None)
    unit_price = f.Price(
        allow_none=True, load_default=None, metadata={"description": "What the customer was told; the server's counts."}
    )

    @validates_schema(skip_on_field_errors=True)
    def _is_one_or_the_other(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if (data["medication_id"] is None) == (data["dispense_id"] is None):
            raise ValidationError("Give a medication or a dispense.", "medication_id")
        if data["medication_id"] is not None and data["quantity"] is None:
            raise ValidationError("Say how many.", "quantity")


class SalePaymentIn(Body):
    """Part of what is paid; of cash, what is handed over with the change in it."""

    method = f.Choice(PaymentMethod, required=True)
    amount = f.Price(required=True)
    reference = f.Line(most=120, allow_none=True, load_default=None)

    @validates_schema(skip_on_field_errors=True)
    def _is_something(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if not 0 < data["amount"] <= LARGEST:
            raise ValidationError("Must be more than nothing.", "amount")


class SaleIn(Body):
    """A sale: prices, tax and totals are the server's. `payment_method` alone pays all of it."""

    id = f.Id()
    patient_id = f.Id(allow_none=True, load_default=None)
    lines = fields.List(f.WholeNested(SaleLineIn), required=True, validate=validate.Length(1, MOST_LINES))
    payments = fields.List(
        f.WholeNested(SalePaymentIn), allow_none=True, load_default=None, validate=validate.Length(max=MOST_PAYMENTS)
    )
    payment_method = f.Choice(PaymentMethod, allow_none=True, load_default=None)

    @validates_schema(skip_on_field_errors=True)
    def _is_paid_in_one_way(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if data["payment_method"] is not None and data["payments"] is not None:
            raise ValidationError("Give payments, or the method that pays all.", "payment_method")


class RefundLineIn(Body):
    """How many units of a line are refunded."""

    line_id = f.Id(required=True)
    quantity = f.Count(1, required=True)


class RefundIn(Witnessed):
    """What is refunded, how, and why; what is not restocked does not come back into stock."""

    lines = fields.List(f.WholeNested(RefundLineIn), required=True, validate=validate.Length(1, MOST_LINES))
    method = f.Choice(
        PaymentMethod, allow_none=True, load_default=None, metadata={"description": "Else as the first payment came."}
    )
    restock = f.Flag(load_default=False)
    reason = f.Line(most=500, required=True)


class SaleLineOut(Schema):
    """A line of a sale; its tax is in it and not in its unit price."""

    id = fields.UUID(required=True)
    medication_id = fields.UUID(required=True)
    dispense_id = fields.UUID(required=True, allow_none=True)
    description = fields.String(required=True)
    quantity = fields.Integer(required=True)
    unit_price = f.Price(required=True)
    tax_rate = f.Percent(required=True)
    subtotal = f.Price(required=True)
    tax = f.Price(required=True)
    total = f.Price(required=True)
    refunded_quantity = fields.Integer(required=True)
    refunded_amount = f.Price(required=True)


class SalePaymentOut(Schema):
    """Part of what was paid."""

    id = fields.UUID(required=True)
    method = fields.String(required=True, metadata={"enum": list(PaymentMethod)})
    amount = f.Price(required=True)
    reference = fields.String(required=True, allow_none=True)


class RefundLineOut(Schema):
    """What a refund gave back of a line."""

    line_id = fields.UUID(required=True)
    quantity = fields.Integer(required=True)
    amount = f.Price(required=True)


class RefundOut(Schema):
    """Money that was given back; `restock` says whether the goods went back into stock."""

    id = fields.UUID(required=True)
    at = f.Instant(required=True)
    lines = fields.List(fields.Nested(RefundLineOut), required=True)
    amount = f.Price(required=True)
    method = fields.String(required=True, metadata={"enum": list(PaymentMethod)})
    reason = fields.String(required=True)
    restock = fields.Boolean(required=True, attribute="is_restocked")
    user_id = fields.UUID(required=True, allow_none=True, attribute="refunded_by")


def _patient(patient_id: uuid.UUID | None, first: str, last: str, mrn: str) -> dict[str, Any] | None:
    return patient_ref(patient_id, first, last, mrn) if patient_id else None


def _currency() -> str:
    return state.settings().clinic_currency


class SaleOut(Out):
    """A sale; `change` is what was given back in cash at once, `refunded` what was given back since."""

    receipt_number = fields.String(required=True)
    patient = f.Computed(
        _patient, "patient_id", "patient_first_name", "patient_last_name", "patient_mrn", metadata=_MAYBE
    )
    patient_id = fields.UUID(required=True, allow_none=True)
    lines = fields.List(fields.Nested(SaleLineOut), required=True)
    currency = f.Computed(_currency, metadata={"type": "string"})
    subtotal = f.Price(required=True)
    tax = f.Price(required=True)
    total = f.Price(required=True)
    payments = fields.List(fields.Nested(SalePaymentOut), required=True)
    change = f.Price(required=True)
    refunds = fields.List(fields.Nested(RefundOut), required=True)
    refunded = f.Price(required=True)
    user_id = fields.UUID(required=True, allow_none=True, attribute="sold_by")
    timestamp = f.Instant(required=True, attribute="sold_at")


class SellerOut(Schema):
    """Who sold: the clinic as it is printed on receipts."""

    name = fields.String(required=True)
    address = fields.Raw(required=True, metadata={"type": ["object", "null"]})
    phone = fields.String(required=True, allow_none=True)
    email = fields.String(required=True, allow_none=True)


class ReceiptOut(SaleOut):
    """A receipt: a sale with who sold."""

    clinic = fields.Nested(SellerOut, required=True)


class _SaleQuery(ListQuery):
    sort = SortKeys("timestamp")
    patient_id = f.Id()
    user_id = f.Id(metadata={"description": "Who sold."})
    receipt_number = f.Line(most=20)
    method = f.Choice(PaymentMethod, metadata={"description": "Sales that were paid so, be it in part."})

    @validates_schema(skip_on_field_errors=True)
    def _in_order(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if {"from", "to"} <= data.keys() and end_of(data["to"]) <= begin_of(data["from"]):
            raise ValidationError("Must not be before `from`.", "to")


SaleQuery = _SaleQuery.from_dict({"from": f.DayOrInstant(), "to": f.DayOrInstant()}, name="SaleQuery")
