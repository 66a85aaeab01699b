"""Rules of items: what is kept in stock is begun, changed and let go, never removed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from server.core.columns import Expected
from server.core.db import db
from server.core.errors import Conflict, NotFound, refused
from server.core.search import search_text
from server.core.text import fold, fold_key
from server.modules.inventory import signals
from server.modules.inventory.enums import ItemKind
from server.modules.inventory.models import Item, ItemCategory, Supplier
from server.modules.inventory.service.receiving import receive_lot

__all__ = ["ItemInStock", "add_item", "change", "deactivate", "receive_lot"]

_SEARCHED = ("name", "brand", "sku", "barcode")


class ItemInStock(Conflict):
    """There is some of this in stock; it is used up, returned or discarded before the item goes out of use."""

    code = "item_in_stock"


def add_item(**fields: Any) -> Item:
    """Begin to keep something in stock; there is none of it yet."""
    item = Item()
    if fields.get("id") is not None:
        item.id = fields["id"]
    fields["reorder_point"] = _reorder_point(fields, None)
    with db.session.no_autoflush:
        _write(item, fields)
    db.session.add(item)
    db.session.flush()
    return item


def change(*, item_id: uuid.UUID, expected: Expected, is_whole: bool = False, **changes: Any) -> Item:
    """Change an item; a whole one that says no reorder point has none.

    What is medication stays medication, and nothing becomes it: other people move it.
    """
    item = _locked(item_id)
    item.require(expected)
    before = {name: getattr(item, name) for name in changes if name != "minimum_stock"}
    if is_whole or {"reorder_point", "minimum_stock"} & changes.keys():
        changes["reorder_point"] = _reorder_point(changes, item.reorder_point)
    kinds = {item.kind, changes.get("kind", item.kind)}
    if len(kinds) > 1 and ItemKind.MEDICATION in kinds:
        raise refused("kind", why="What is medication stays so, and nothing becomes it: begin another item.")
    with db.session.no_autoflush:
        if item.is_active and changes.get("is_active") is False:
            _let_go(item)
        _write(item, changes)
    db.session.flush()
    changed = {name for name, value in before.items() if getattr(item, name) != value}
    if changed:
        signals.item_changed.send(item=item, changed=frozenset(changed))
    return item


def deactivate(*, item_id: uuid.UUID, expected: Expected) -> None:
    """Take an item out of use; it stays, with its history. Again, it changes nothing."""
    item = _locked(item_id)
    if not item.is_active:
        return
    item.require(expected)
    _let_go(item)
    db.session.flush()
    signals.item_changed.send(item=item, changed=frozenset({"is_active"}))


def _let_go(item: Item) -> None:
    if item.on_hand:
        raise ItemInStock(quantity=item.on_hand)
    item.is_active = False


def _locked(item_id: uuid.UUID) -> Item:
    item = db.session.get(Item, item_id, with_for_update=True, populate_existing=True)
    if item is None:
        raise NotFound
    return item


def _reorder_point(said: Mapping[str, Any], standing: int | None) -> int:
    """Return what the two names of the reorder point say: what is news, where a whole item is sent back changed."""
    levels = {said[name] for name in ("reorder_point", "minimum_stock") if said.get(name) is not None}
    if len(levels) > 1:
        levels.discard(standing)
    if len(levels) > 1:
        raise refused("minimum_stock", why="This is another name of the reorder point; give one, or the same.")
    return levels.pop() if levels else 0


def _write(item: Item, changes: Mapping[str, Any]) -> None:
    _require_known(item, changes)
    for name, value in changes.items():
        if name not in ("id", "minimum_stock"):
            setattr(item, name, value)
    if set(_SEARCHED) & changes.keys():
        keep_keys(item)


def keep_keys(item: Item) -> None:
    """Have an item sorted by its name, and found by words of name and brand and by its numbers, as a whole too."""
    words = [fold(getattr(item, name) or "") for name in _SEARCHED]
    item.name_key = fold_key(item.name)
    item.search_text = search_text(*words, *(["".join(number)] for number in words[2:] if number))


def _require_known(item: Item, changes: Mapping[str, Any]) -> None:
    """Raise a 422 where a category, or a supplier in use, is named that is not there; what it had it may keep."""
    category_id, supplier_id = changes.get("category_id"), changes.get("supplier_id")
    if category_id not in (None, item.category_id) and db.session.get(ItemCategory, category_id) is None:
        raise refused("category_id", why="There is no such category.")
    if supplier_id not in (None, item.supplier_id):
        is_there = select(Supplier.id).where(Supplier.id == supplier_id, Supplier.is_active)
        if db.session.scalar(is_there) is None:
            raise refused("supplier_id", why="There is no such supplier in use.")
