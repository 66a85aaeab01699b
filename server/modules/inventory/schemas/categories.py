"""The shapes of categories."""

from __future__ import annotations

from marshmallow import Schema, fields

from server.core import fields as f
from server.core.schema import Body, ListQuery, Out, Query, SearchText, SortKeys

# So long that it fits into its key whatever its letters become when capitals do not count.
LONGEST_NAME = 100


class CategoryPut(Body):
    """What is written of a category."""

    name = f.Line(most=LONGEST_NAME, required=True)


class CategoryIn(CategoryPut):
    """A new category."""

    id = f.Id()


class CategoryOut(Out):
    """A heading under which items are kept."""

    name = fields.String(required=True)


class CategoryQuery(ListQuery):
    """A page of categories."""

    sort = SortKeys("name")
    q = SearchText()


class CategoryRemoval(Query):
    """Where the items of a category go that is removed."""

    move_to = f.Id(metadata={"description": "The category that takes the items in."})


class CategoryCount(Schema):
    """How many items in use are kept under a heading."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    count = fields.Integer(required=True)
