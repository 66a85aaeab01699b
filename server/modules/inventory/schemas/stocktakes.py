"""The shapes of counts."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from server.core import fields as f
from server.core.schema import Body, ListQuery, Out, SortKeys
from server.modules.inventory.enums import ItemKind, StocktakeStatus, Uncounted
from server.modules.inventory.schemas.movements import MovementOut
from server.modules.inventory.schemas.witness import Witnessed

MOST_ITEMS = 500
MOST_LINES = 2000

_MAYBE_WHOLE = {"type": ["integer", "null"]}


class StocktakeIn(Body):
    """What is counted: some items, or what is kept under a heading."""

    id = f.Id()
    item_ids = fields.List(f.Id(), allow_none=True, load_default=None, validate=validate.Length(1, MOST_ITEMS))
    category_id = f.Id(allow_none=True, load_default=None)
    notes = f.Paragraphs(allow_none=True, load_default=None)

    @validates_schema(skip_on_field_errors=True)
    def _one_of_both(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if (data["item_ids"] is None) == (data["category_id"] is None):
            raise ValidationError("Say either which items or of which category.", "item_ids")


class CountedIn(Body):
    """What was counted of a lot; `expected_quantity` says what the list says now, for one that moved meanwhile."""

    lot_id = f.Id(required=True)
    counted = f.Count(required=True)
    expected_quantity = f.Count(
        allow_none=True,
        load_default=None,
        metadata={"description": "What there was of it when it was counted anew, after it had moved."},
    )


class CountedLinesIn(Body):
    """What was counted: of one lot, or of several as `lines`."""

    lot_id = f.Id()
    counted = f.Count()
    expected_quantity = f.Count()
    lines = fields.List(f.WholeNested(CountedIn), validate=validate.Length(1, MOST_LINES))

    @validates_schema(skip_on_field_errors=True)
    def _one_of_both(self, data: dict[str, Any], **_kwargs: Any) -> None:
        single = {"lot_id", "counted"} & data.keys()
        if "lines" in data and (single or "expected_quantity" in data):
            raise ValidationError("Give either one lot or several.", "lines")
        if "lines" not in data and len(single) < 2:
            missing = {"lot_id", "counted"} - data.keys()
            raise ValidationError({name: ["Missing data for required field."] for name in sorted(missing)})


class CloseIn(Witnessed):
    """How a count is closed."""

    uncounted = f.Choice(
        Uncounted,
        load_default=Uncounted.IGNORE,
        metadata={"description": "Whether lots that nobody counted stay as they are, or keep it from being closed."},
    )


def _difference(expected: int, counted: int | None) -> int | None:
    return None if counted is None else counted - expected


class StocktakeLineOut(Schema):
    """A lot: what the list said, what was counted, and whether its item has moved since the list was written."""

    id = fields.UUID(required=True)
    item_id = fields.UUID(required=True)
    item_name = fields.String(required=True)
    kind = fields.String(required=True, metadata={"enum": list(ItemKind)})
    unit = fields.String(required=True)
    lot_id = fields.UUID(required=True)
    lot_number = fields.String(required=True, allow_none=True)
    expires_on = fields.Date(required=True, allow_none=True)
    expected = fields.Integer(required=True)
    counted = fields.Integer(required=True, allow_none=True)
    difference = f.Computed(_difference, "expected", "counted", metadata=_MAYBE_WHOLE)
    counted_by = fields.UUID(required=True, allow_none=True)
    counted_at = f.Instant(required=True, allow_none=True)
    on_hand = fields.Integer(required=True, metadata={"description": "What the ledger says now."})
    has_moved = fields.Boolean(required=True)


class StocktakeOut(Out):
    """A count."""

    number = fields.String(required=True)
    status = fields.String(required=True, metadata={"enum": list(StocktakeStatus)})
    notes = fields.String(required=True, allow_none=True)
    opened_by = fields.UUID(required=True, allow_none=True)
    closed_by = fields.UUID(required=True, allow_none=True)
    closed_at = f.Instant(required=True, allow_none=True)
    line_count = fields.Integer(required=True)
    counted_count = fields.Integer(required=True)


class StocktakeDetail(StocktakeOut):
    """A count with its lines."""

    lines = fields.List(fields.Nested(StocktakeLineOut), required=True)


class StocktakeClosed(StocktakeDetail):
    """A count that was closed, and what it wrote into the ledger."""

    movements = fields.List(fields.Nested(MovementOut), required=True)


class StocktakeQuery(ListQuery):
    """A page of counts, the latest first."""

    sort = SortKeys("created_at", "number")
    status = f.Choice(StocktakeStatus)
