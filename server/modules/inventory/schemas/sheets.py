"""The shapes of sheets of items, and of what became of their lines."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from server.core import fields as f
from server.core.schema import Body, Query, TextFlag
from server.modules.inventory.schemas.items import ItemIn

OUTCOMES = ("created", "updated", "unchanged", "refused")


class ItemLine(ItemIn):
    """An item as a line of a sheet; heading and supplier go by their names."""

    category = f.Line(allow_none=True)
    supplier = f.Line(allow_none=True)
    version = f.Count(1)


class SheetIn(Body):
    """A sheet of items."""

    file = f.File(required=True, metadata={"description": "CSV in UTF-8, our field names in its first line."})


# Whether the good lines are taken in where others are wrong; schemas have an attribute of this name.
ImportQuery = Query.from_dict({"partial": TextFlag(load_default=False)}, name="ImportQuery")


class LineOut(Schema):
    """What became of a line."""

    line = fields.Integer(required=True)
    status = fields.String(required=True, validate=validate.OneOf(OUTCOMES), metadata={"enum": list(OUTCOMES)})
    item_id = fields.UUID(required=True, allow_none=True)
    errors = fields.Dict(required=True, metadata={"description": "Field by field what is wrong with it."})


class ImportOut(Schema):
    """A sheet that was taken in, line by line."""

    created = fields.Integer(required=True)
    updated = fields.Integer(required=True)
    unchanged = fields.Integer(required=True)
    refused = fields.Integer(required=True)
    lines = fields.List(fields.Nested(LineOut), required=True)
