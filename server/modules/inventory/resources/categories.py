"""Categories over HTTP."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response

from server.core.declare import declares
from server.core.dump import columns_of, row_dumper
from server.core.resource import Resource
from server.modules.inventory.models import CategoryNameTaken
from server.modules.inventory.policies import Perm
from server.modules.inventory.queries import categories as queries
from server.modules.inventory.resources.routing import api
from server.modules.inventory.schemas.categories import (
    CategoryCount,
    CategoryIn,
    CategoryOut,
    CategoryPut,
    CategoryQuery,
    CategoryRemoval,
)
from server.modules.inventory.service import categories as service

_COLUMNS = columns_of(CategoryOut)
_CATEGORY: dict[str, Any] = {"object_type": "item_category", "out": CategoryOut}
_CHANGE: dict[str, Any] = {
    **_CATEGORY,
    "action": "categories.change",
    "body": CategoryPut,
    "version": "optional",
    "problems": (CategoryNameTaken,),
}
_dump = row_dumper(CategoryOut, tuple(_COLUMNS))


class CategoryCollection(Resource):
    """All categories."""

    @declares(Perm.CATEGORIES_READ, action="categories.list", query=CategoryQuery, many=True, **_CATEGORY)
    def get(self) -> Response:
        """List the categories of items."""
        return self.page(queries.page_of_categories(self.connection, _COLUMNS, self.query))

    @declares(
        Perm.CATEGORIES_MANAGE, action="categories.add", body=CategoryIn, problems=(CategoryNameTaken,), **_CATEGORY
    )
    def post(self) -> Response:
        """Add a category; its name is its own, whatever the capitals."""
        return self.created(service.add(**self.body), "Category added.")


class CategoryCounts(Resource):
    """How much is kept under each heading."""

    @declares(
        Perm.CATEGORIES_READ, action="categories.count", object_type="item_category", out=CategoryCount, many=True
    )
    def get(self) -> Response:
        """Say how many items in use each category has."""
        return self.items(queries.counts(self.connection))


class CategoryItem(Resource):
    """One category."""

    @declares(Perm.CATEGORIES_READ, action="categories.read", **_CATEGORY)
    def get(self, category_id: uuid.UUID) -> Response:
        """Show one category."""
        return self.show(_dump(queries.category_row(self.connection, _COLUMNS, category_id)))

    @declares(Perm.CATEGORIES_MANAGE, **_CHANGE)
    def put(self, category_id: uuid.UUID) -> Response:
        """Replace what can be written of a category."""
        return self._change(category_id)

    @declares(Perm.CATEGORIES_MANAGE, **_CHANGE)
    def patch(self, category_id: uuid.UUID) -> Response:
        """Give a category another name."""
        return self._change(category_id)

    def _change(self, category_id: uuid.UUID) -> Response:
        changed = service.change(category_id=category_id, expected=self.expected, **self.body)
        return self.show(changed, "Category changed.")

    @declares(
        Perm.CATEGORIES_MANAGE,
        action="categories.remove",
        object_type="item_category",
        query=CategoryRemoval,
        version="optional",
        problems=(service.CategoryInUse,),
    )
    def delete(self, category_id: uuid.UUID) -> Response:
        """Remove a category; items that are kept under it go to the one that `move_to` names."""
        service.remove(category_id=category_id, expected=self.expected, move_to=self.query.get("move_to"))
        return self.gone()


api.add_resource(CategoryCollection, "/categories")
api.add_resource(CategoryCounts, "/categories/count")
api.add_resource(CategoryItem, "/categories/<uuid:category_id>")
