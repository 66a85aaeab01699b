"""The shapes of inventory updates: the ledger of all stock, and what is added to it or discarded."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from server.core import fields as f
from server.core.clock import begin_of, end_of
from server.core.schema import ListQuery, SortKeys
from server.modules.inventory.enums import Activity
from server.modules.inventory.schemas.movements import MovementOut
from server.modules.inventory.schemas.witness import Witnessed

# The other movements are made by what moves the stock: fills, sales, treatments, counts.
WRITTEN = (Activity.ADD, Activity.DISCARD)
_OF_NEW_LOTS = ("lot_number", "expires_on", "unit_cost")


class UpdateIn(Witnessed):
    """Units that come in, or that nobody will use; what is added without a lot is of the lot that its facts make."""

    activity_type = fields.String(required=True, validate=validate.OneOf(WRITTEN))
    item_id = f.Id(allow_none=True, load_default=None)
    medication_id = f.Id(allow_none=True, load_default=None)
    quantity = f.Count(1, required=True)
    lot_id = f.Id(allow_none=True, load_default=None)
    lot_number = f.Line(most=60, allow_none=True, load_default=None)
    expires_on = f.Day(allow_none=True, load_default=None, metadata={"description": "The last day of its use."})
    unit_cost = f.Price(allow_none=True, load_default=None, metadata={"description": "Else that of the item."})
    reason = f.Line(most=500, allow_none=True, load_default=None)

    @validates_schema(skip_on_field_errors=True)
    def _is_of_one_thing(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if (data["item_id"] is None) == (data["medication_id"] is None):
            raise ValidationError("Give an item or a medication.", "item_id")
        said = [name for name in _OF_NEW_LOTS if data[name] is not None]
        if said and (data["lot_id"] is not None or data["activity_type"] == Activity.DISCARD):
            why = "Say of which lot with `lot_id`; its facts are known."
            raise ValidationError({name: [why] for name in said})


class UpdateOut(MovementOut):
    """What was written: the last line of the ledger, and all of them where several lots moved."""

    movements = fields.List(fields.Nested(MovementOut), required=True)


class _UpdateQuery(ListQuery):
    sort = SortKeys("occurred_at")
    activity_type = f.Choice(Activity)
    item_id = f.Id()
    medication_id = f.Id()

    @validates_schema(skip_on_field_errors=True)
    def _in_order(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if {"from", "to"} <= data.keys() and end_of(data["to"]) <= begin_of(data["from"]):
            raise ValidationError("Must not be before `from`.", "to")


# By the time at which it happened.
UpdateQuery = _UpdateQuery.from_dict({"from": f.DayOrInstant(), "to": f.DayOrInstant()}, name="UpdateQuery")
