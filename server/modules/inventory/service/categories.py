"""Rules of categories: names are unique whatever their capitals, and what items are kept under is not just removed."""

from __future__ import annotations

import uuid

from sqlalchemy import exists, select, update

from server.core import clock, trail as trails
from server.core.columns import ANY_VERSION, Expected
from server.core.db import db
from server.core.errors import Conflict, NotFound, refused
from server.core.fields import normal_form
from server.modules.inventory.models import Item, ItemCategory


class CategoryInUse(Conflict):
    """Items are kept under this category; say with `move_to` where they go."""

    code = "category_in_use"


def add(*, name: str, id: uuid.UUID | None = None) -> ItemCategory:  # noqa: A002 - it is the field's name
    """Add a category."""
    category = ItemCategory(name=name, name_key=name_key(name))
    if id is not None:
        category.id = id
    db.session.add(category)
    db.session.flush()
    return category


def change(*, category_id: uuid.UUID, expected: Expected = ANY_VERSION, name: str | None = None) -> ItemCategory:
    """Give a category another name; its items stay."""
    category = db.session.get(ItemCategory, category_id, with_for_update=True)
    if category is None:
        raise NotFound
    category.require(expected)
    if name is not None:
        category.name, category.name_key = name, name_key(name)
    db.session.flush()
    return category


def remove(*, category_id: uuid.UUID, expected: Expected = ANY_VERSION, move_to: uuid.UUID | None = None) -> None:
    """Remove a category, once its items are kept under another one. Again, it changes nothing."""
    wanted = {category_id, move_to} - {None}
    stmt = select(ItemCategory).where(ItemCategory.id.in_(wanted)).order_by(ItemCategory.id).with_for_update()
    found = {category.id: category for category in db.session.scalars(stmt)}
    category = found.get(category_id)
    if category is None:
        return
    category.require(expected)
    if move_to is not None:
        if move_to not in found or move_to == category_id:
            raise refused("move_to", why="There is no such other category.")
        _move(category_id, move_to)
    elif db.session.scalar(select(exists().where(Item.category_id == category_id))):
        raise CategoryInUse
    db.session.delete(category)
    db.session.flush()


def _move(category_id: uuid.UUID, to: uuid.UUID) -> None:
    """Keep all items of one category under another; that is a change of each of them."""
    table = Item.__table__
    changes = {"category_id": to, "version": table.c.version + 1, "updated_at": clock.now()}
    db.session.execute(update(table).where(table.c.category_id == category_id).values(changes))
    trails.current().changed.add("category_id")


def name_key(name: str) -> str:
    """Return the name as it is compared."""
    return " ".join(normal_form(name).split())
