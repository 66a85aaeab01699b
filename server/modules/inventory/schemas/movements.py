"""The shapes of the ledger."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema

from server.core import fields as f
from server.core.clock import begin_of, end_of
from server.core.schema import ListQuery, SortKeys
from server.modules.inventory.enums import Activity


class MovementOut(Schema):
    """A line of the ledger; `resulting_quantity` is what there was of the item after it."""

    id = fields.UUID(required=True)
    item_id = fields.UUID(required=True)
    lot_id = fields.UUID(required=True)
    quantity_changed_by = fields.Integer(required=True)
    resulting_quantity = fields.Integer(required=True)
    activity_type = fields.String(required=True, metadata={"enum": list(Activity)})
    reason = fields.String(required=True, allow_none=True)
    document_type = fields.String(required=True, allow_none=True)
    document_id = fields.UUID(required=True, allow_none=True)
    user_id = fields.UUID(required=True, allow_none=True)
    witness_id = fields.UUID(required=True, allow_none=True)
    transaction_id = fields.UUID(required=True, allow_none=True)
    occurred_at = f.Instant(required=True)
    recorded_at = f.Instant(required=True)


class _MovementQuery(ListQuery):
    sort = SortKeys("recorded_at")
    activity_type = f.Choice(Activity)
    lot_id = f.Id()

    @validates_schema(skip_on_field_errors=True)
    def _in_order(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if {"from", "to"} <= data.keys() and end_of(data["to"]) <= begin_of(data["from"]):
            raise ValidationError("Must not be before `from`.", "to")


# By the time at which it happened; in the order in which it was written down.
MovementQuery = _MovementQuery.from_dict({"from": f.DayOrInstant(), "to": f.DayOrInstant()}, name="MovementQuery")


class DifferenceOut(Schema):
    """A balance that is not what the ledger adds up to."""

    item_id = fields.UUID(required=True)
    lot_id = fields.UUID(required=True, allow_none=True)
    movement_id = fields.UUID(required=True, allow_none=True)
    balance = fields.Integer(required=True)
    ledger = fields.Integer(required=True)


class ReconciliationOut(Schema):
    """How many balances were recomputed, and which of them differ: none, ever."""

    checked = fields.Integer(required=True)
    differences = fields.List(fields.Nested(DifferenceOut), required=True)
