"""The shapes of orders."""

from __future__ import annotations

import uuid
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from server.core import fields as f, state
from server.core.clock import begin_of, end_of
from server.core.money import format_money
from server.core.refs import VOIDED, taken_back
from server.core.schema import Body, ListQuery, Out, SortKeys
from server.modules.inventory.enums import ItemKind, OrderStatus
from server.modules.inventory.schemas.witness import Witnessed

MOST_LINES = 500

_MAYBE = {"type": ["object", "null"]}
_OTHER_NAMES = {"pending": OrderStatus.DRAFT, "declined": OrderStatus.CANCELLED}


class Status(fields.String):
    """Where an order stands; a draft is also said to be pending, a cancelled one declined."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=validate.OneOf([*map(str, OrderStatus), *_OTHER_NAMES]), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        word: str = super()._deserialize(value, attr, data, **kwargs)
        return _OTHER_NAMES.get(word, word)


class OrderLineIn(Body):
    """So many base units of an item."""

    item_id = f.Id(required=True)
    quantity_ordered = f.Count(1, metadata={"description": "In base units."})
    quantity = f.Count(1, metadata={"description": "The same as `quantity_ordered`."})
    unit_cost = f.Price(allow_none=True, load_default=None, metadata={"description": "Else that of the item."})
    pack_size = f.Count(
        1, allow_none=True, load_default=None, metadata={"description": "How it is delivered; else that of the item."}
    )

    @validates_schema(skip_on_field_errors=True)
    def _one_quantity(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if len({data[name] for name in ("quantity", "quantity_ordered") if name in data}) != 1:
            raise ValidationError("Give one quantity.", "quantity_ordered")

    @post_load
    def _by_one_name(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        quantity = data.pop("quantity", None)
        return {"quantity_ordered": quantity, **data}


class OrderPatch(Body):
    """What is written of an order; of one that is not a draft any more, notes and the expected day."""

    supplier_id = f.Id(allow_none=True, load_default=None)
    expected_on = f.Day(allow_none=True, load_default=None)
    notes = f.Paragraphs(allow_none=True, load_default=None)
    lines = fields.List(f.WholeNested(OrderLineIn), required=True, validate=validate.Length(1, MOST_LINES))


class OrderIn(OrderPatch):
    """A new order, which is a draft."""

    id = f.Id()


class OrderStatusIn(Body):
    """What becomes of an order."""

    status = Status(required=True)

    @validates_schema(skip_on_field_errors=True)
    def _one_is_said(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if "status" not in data:
            raise ValidationError("Say what becomes of it.", "status")


class SuggestIn(Body):
    """What is looked at; without a word, all that one may order."""

    supplier_id = f.Id(allow_none=True, load_default=None)
    category_id = f.Id(allow_none=True, load_default=None)
    kind = f.Choice(ItemKind, allow_none=True, load_default=None)


class ReceiptLineIn(Body):
    """What came of a line: one lot."""

    line_id = f.Id(required=True)
    quantity = f.Count(1, required=True)
    lot_number = f.Line(most=60, allow_none=True, load_default=None)
    expires_on = f.Day(allow_none=True, load_default=None, metadata={"description": "The last day of its use."})
    unit_cost = f.Price(allow_none=True, load_default=None, metadata={"description": "Else that of the line."})


class AppliedLineIn(ReceiptLineIn):
    """What came of a line; without a quantity all of it that is outstanding."""

    quantity = f.Count(1, allow_none=True, load_default=None)


class ReceiptIn(Witnessed):
    """A delivery."""

    lines = fields.List(f.WholeNested(ReceiptLineIn), required=True, validate=validate.Length(1, MOST_LINES))


class ApplyIn(Witnessed):
    """The lots in which all that is outstanding came; lines that are not named came in one without a number."""

    lines = fields.List(f.WholeNested(AppliedLineIn), load_default=list, validate=validate.Length(max=MOST_LINES))


class OrderLineOut(Schema):
    """A line of an order."""

    id = fields.UUID(required=True)
    item_id = fields.UUID(required=True)
    item_name = fields.String(required=True)
    kind = fields.String(required=True, metadata={"enum": list(ItemKind)})
    unit = fields.String(required=True)
    quantity_ordered = fields.Integer(required=True)
    quantity_received = fields.Integer(required=True)
    unit_cost = f.Price(required=True)
    pack_size = fields.Integer(required=True)


class ReceiptLineOut(Schema):
    """What came of a line, and into which lot."""

    line_id = fields.UUID(required=True)
    lot_id = fields.UUID(required=True)
    lot_number = fields.String(required=True, allow_none=True)
    expires_on = fields.Date(required=True, allow_none=True)
    unit_cost = f.Price(required=True)
    quantity = fields.Integer(required=True)


class DeliveryOut(Schema):
    """A delivery."""

    id = fields.UUID(required=True)
    received_at = f.Instant(required=True)
    received_by = fields.UUID(required=True, allow_none=True)
    lines = fields.List(fields.Nested(ReceiptLineOut), required=True)


def _supplier_ref(supplier_id: uuid.UUID | None, name: str | None) -> dict[str, Any] | None:
    return {"id": supplier_id, "name": name} if supplier_id else None


def _amount(minor: int) -> str:
    return format_money(minor, state.settings().clinic_currency)


def _taken_back(at: Any, by: Any, first: str | None, last: str | None) -> dict[str, Any] | None:
    return taken_back(at, by, first, last, None)


class OrderOut(Out):
    """An order with its lines and what has come of them; `total` is what was ordered, at its cost."""

    number = fields.String(required=True)
    status = fields.String(required=True, metadata={"enum": list(OrderStatus)})
    supplier = f.Computed(_supplier_ref, "supplier_id", "supplier_name", metadata=_MAYBE)
    supplier_id = fields.UUID(required=True, allow_none=True)
    expected_on = fields.Date(required=True, allow_none=True)
    notes = fields.String(required=True, allow_none=True)
    created_by = fields.UUID(required=True, allow_none=True)
    ordered_at = f.Instant(required=True, allow_none=True)
    ordered_by = fields.UUID(required=True, allow_none=True)
    ended_at = f.Instant(required=True, allow_none=True)
    voided = f.Computed(_taken_back, *VOIDED[:-1], metadata=_MAYBE)
    total = f.Computed(_amount, "total", metadata={"type": "string"})
    lines = fields.List(fields.Nested(OrderLineOut), required=True)
    receipts = fields.List(fields.Nested(DeliveryOut), required=True)


class _OrderQuery(ListQuery):
    sort = SortKeys("created_at", "number")
    status = Status()
    supplier_id = f.Id()

    @validates_schema(skip_on_field_errors=True)
    def _in_order(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if {"from", "to"} <= data.keys() and end_of(data["to"]) <= begin_of(data["from"]):
            raise ValidationError("Must not be before `from`.", "to")


# By the time at which an order was written down.
OrderQuery = _OrderQuery.from_dict({"from": f.DayOrInstant(), "to": f.DayOrInstant()}, name="OrderQuery")
