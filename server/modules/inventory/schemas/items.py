"""The shapes of items."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from marshmallow import ValidationError, fields, validates_schema

from server.core import fields as f
from server.core.schema import Body, ListQuery, Out, SearchText, SortKeys, TextFlag
from server.modules.inventory.enums import ItemKind
from server.modules.inventory.schemas.witness import Witnessed

LONGEST_LINK = 2000
_LINK = "^https?://[A-Za-z0-9]{1,40}[.](com|org|net)/[A-Za-z0-9/_.-]{0,40}$"


class Link(f.Line):
    """A link that a browser may follow: http or https, with a host."""

    def __init__(self, **kwargs: Any) -> None:
        said = "Published narrower than it is: every http and https link is taken."
        super().__init__(most=LONGEST_LINK, metadata={"pattern": _LINK, "description": said}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        link = super()._deserialize(value, attr, data, **kwargs)
        try:
            parts = urlsplit(link)
            is_link = parts.scheme.lower() in ("http", "https") and bool(parts.hostname)
        except ValueError:
            is_link = False
        if not is_link or any(char.isspace() or char == "\\" for char in link):
            raise ValidationError("Expected a link that begins with http:// or https://.")
        return link


class ItemPut(Body):
    """What is written of an item; what there is of it is received, counted and taken by requests of their own."""

    name = f.Line(required=True)
    kind = f.Choice(ItemKind, required=True)
    brand = f.Line(allow_none=True, load_default=None)
    sku = f.Line(most=60, allow_none=True, load_default=None)
    barcode = f.Line(most=60, allow_none=True, load_default=None)
    category_id = f.Id(allow_none=True, load_default=None)
    unit = f.Line(most=30, load_default="piece", metadata={"description": "The base unit: all is counted in it."})
    pack_size = f.Count(1, load_default=1)
    reorder_point = f.Count(metadata={"description": "Low is what has so many units available, or fewer."})
    minimum_stock = f.Count(metadata={"description": "The same as `reorder_point`."})
    target_level = f.Count(load_default=0)
    is_critical = f.Flag(load_default=False)
    is_active = f.Flag(load_default=True)
    unit_cost = f.Price(load_default=0)
    supplier_id = f.Id(allow_none=True, load_default=None)
    purchase_link = Link(allow_none=True, load_default=None)
    image = Link(allow_none=True, load_default=None)
    notes = f.Paragraphs(allow_none=True, load_default=None)


class ItemIn(ItemPut):
    """A new item; there is none of it yet."""

    id = f.Id()


class ItemOut(Out):
    """An item: `quantity` is what there is, `available` what of it is usable and not reserved."""

    name = fields.String(required=True)
    brand = fields.String(required=True, allow_none=True)
    sku = fields.String(required=True, allow_none=True)
    barcode = fields.String(required=True, allow_none=True)
    kind = fields.String(required=True, metadata={"enum": list(ItemKind)})
    category_id = fields.UUID(required=True, allow_none=True)
    unit = fields.String(required=True)
    pack_size = fields.Integer(required=True)
    reorder_point = fields.Integer(required=True)
    minimum_stock = f.Computed(int, "reorder_point", metadata={"type": "integer"})
    target_level = fields.Integer(required=True)
    is_critical = fields.Boolean(required=True)
    is_active = fields.Boolean(required=True)
    unit_cost = f.Price(required=True)
    supplier_id = fields.UUID(required=True, allow_none=True)
    purchase_link = fields.String(required=True, allow_none=True)
    image = fields.String(required=True, allow_none=True)
    notes = fields.String(required=True, allow_none=True)
    quantity = fields.Integer(required=True, attribute="on_hand")
    available = fields.Integer(required=True)


class ItemQuery(ListQuery):
    """A page of the items in use, or of those that are no more."""

    sort = SortKeys("name", "created_at", "quantity")
    q = SearchText()
    category_id = f.Id()
    supplier_id = f.Id()
    kind = f.Choice(ItemKind)
    low_stock = TextFlag(metadata={"description": "Whether it is at its reorder point or below, with none included."})
    out_of_stock = TextFlag(metadata={"description": "Whether none of it is available."})
    is_critical = TextFlag()
    is_active = TextFlag(load_default=True)
    expiring_before = f.Day(metadata={"description": "There is some of it that expires before this day, or has."})


class StockPatch(Witnessed):
    """What was counted, with what the list said: `quantity` and `expected_quantity`; or an `adjustment`."""

    quantity = f.Count()
    expected_quantity = f.Count()
    adjustment = f.Count(-f.MAX_INT)
    lot_id = f.Id(metadata={"description": "The lot that was counted or is adjusted; without one the whole item."})
    reason = f.Line(most=500, required=True)

    @validates_schema(skip_on_field_errors=True)
    def _one_of_both(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if "reason" not in data:
            raise ValidationError("Say why.", "reason")
        if ("adjustment" in data) == ("quantity" in data):
            raise ValidationError("Give either a quantity, with what was expected, or an adjustment.", "quantity")
        if "adjustment" in data and "expected_quantity" in data:
            raise ValidationError("Goes with a quantity.", "expected_quantity")
        if "quantity" in data and "expected_quantity" not in data:
            raise ValidationError(
                "Say what the list said, so that nothing that moved since is lost.", "expected_quantity"
            )
        if data.get("adjustment") == 0:
            raise ValidationError("Expected more or less than nothing.", "adjustment")
