"""The shapes of what is low, what expires, and of stock as a whole."""

from __future__ import annotations

from datetime import date

from marshmallow import Schema, fields, validate

from server.core import clock, fields as f
from server.core.schema import ListQuery, Query, SearchText, SortKeys, TextFlag, TextInt
from server.modules.inventory.enums import ItemKind
from server.modules.inventory.reordering import suggested
from server.modules.inventory.schemas.items import ItemOut
from server.modules.inventory.schemas.lots import LotOut

LONGEST_WARNING = 3650
_WHOLE = {"type": "integer"}


def _is_out(available: int) -> bool:
    return available <= 0


def _days_left(expires_on: date, today: date) -> int:
    return (expires_on - today).days


class Days(TextInt):
    """How far ahead one looks; unless it is said, as far as the warnings do (`EXPIRY_WARNING_DAYS`)."""

    def __init__(self) -> None:
        super().__init__(
            validate=validate.Range(0, LONGEST_WARNING),
            metadata={"description": "How far ahead; else as far as warnings look (EXPIRY_WARNING_DAYS)."},
        )


class LowStockOut(ItemOut):
    """An item at its reorder point or below: what is to come of it, and how much to order besides, in whole packs."""

    is_out = f.Computed(_is_out, "available", metadata={"type": "boolean"})
    on_order = fields.Integer(required=True)
    suggested_quantity = f.Computed(
        suggested, "available", "on_order", "reorder_point", "target_level", "pack_size", metadata=_WHOLE
    )


class LowStockQuery(ListQuery):
    """A page of what is low."""

    sort = SortKeys("name", "created_at")
    category_id = f.Id()
    supplier_id = f.Id()
    kind = f.Choice(ItemKind)
    is_critical = TextFlag()
    is_out = TextFlag(metadata={"description": "Whether none of it is available."})


class ExpiringOut(LotOut):
    """A lot that is there and expires soon, or has."""

    item_name = fields.String(required=True)
    kind = fields.String(required=True, metadata={"enum": list(ItemKind)})
    unit = fields.String(required=True)
    expires_on = fields.Date(required=True)
    days_left = f.Computed(_days_left, "expires_on", once=clock.today, metadata=_WHOLE)


class ExpiringQuery(ListQuery):
    """A page of what expires, the first to expire first."""

    sort = SortKeys("expires_on")
    days = Days()
    kind = f.Choice(ItemKind)
    category_id = f.Id()
    is_expired = TextFlag(metadata={"description": "Whether its last day is over."})


class StatsQuery(Query):
    """How far ahead to look for what expires."""

    days = Days()


class CategoryStats(Schema):
    """What is kept under a heading; under none where there is no id."""

    category_id = fields.UUID(required=True, allow_none=True)
    name = fields.String(required=True, allow_none=True)
    items = fields.Integer(required=True)
    value = fields.String(required=True)
    low_stock = fields.Integer(required=True)
    out_of_stock = fields.Integer(required=True)


class StatsOut(Schema):
    """Stock as a whole: items in use, what they are worth at cost, and what asks for somebody.

    What is out of stock is low too. `expiring` and `expired` count lots of which there is something.
    """

    total_items = fields.Integer(required=True)
    total_value = fields.String(required=True)
    low_stock = fields.Integer(required=True)
    out_of_stock = fields.Integer(required=True)
    critical_low = fields.Integer(required=True)
    expiring = fields.Integer(required=True)
    expired = fields.Integer(required=True)
    days = fields.Integer(required=True)
    by_kind = fields.Dict(required=True, metadata={"description": "Items in use, by kind."})
    by_category = fields.List(fields.Nested(CategoryStats), required=True)


class SheetQuery(Query):
    """Which items a sheet lists."""

    q = SearchText()
    category_id = f.Id()
    supplier_id = f.Id()
    kind = f.Choice(ItemKind)
    is_active = TextFlag(load_default=True)
