"""Items on which products of another room stand: begun many at once, and kept in step with what they are called."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import insert

from server.core.db import db
from server.core.errors import NotFound, refused
from server.core.ids import new_id
from server.modules.inventory.models import Item, ItemCategory
from server.modules.inventory.service.items import keep_keys


def add_items(many: Iterable[Mapping[str, Any]]) -> list[uuid.UUID]:
    """Begin to keep many things in stock in one statement, each told of by the same fields; return their ids."""
    rows = []
    for fields in many:
        item = Item(id=new_id(), **fields)
        keep_keys(item)
        rows.append(plain(item))
    if rows:
        db.session.execute(insert(Item), rows)
    return [row["id"] for row in rows]


def plain(entity: Any) -> dict[str, Any]:
    """Return what was said of an entity that is in no session, to be written with many others."""
    return {name: value for name, value in vars(entity).items() if not name.startswith("_")}


def add_item_of(**fields: Any) -> Item:
    """Begin to keep one thing in stock."""
    _require_category(fields.get("category_id"))
    item = Item(**{name: value for name, value in fields.items() if value is not None})
    keep_keys(item)
    db.session.add(item)
    db.session.flush()
    return item


def change_item(item_id: uuid.UUID, **changes: Any) -> Item:
    """Change an item, whatever its version, by the next flush: what stands on it has been read and changes with it."""
    item = db.session.get(Item, item_id, with_for_update=True)
    if item is None:
        raise NotFound
    _require_category(changes.get("category_id"))
    for name, value in changes.items():
        if getattr(item, name) != value:
            setattr(item, name, value)
    keep_keys(item)
    return item


def _require_category(category_id: uuid.UUID | None) -> None:
    if category_id is not None and db.session.get(ItemCategory, category_id) is None:
        raise refused("category_id", why="There is no such category.")
