"""How much of an item is available: the free units of its usable lots."""

from __future__ import annotations

from datetime import date

from sqlalchemy import and_, func, or_, select
from sqlalchemy.sql import ColumnElement

from server.modules.inventory.enums import ItemKind, LotStatus
from server.modules.inventory.models import Item, Lot


def available(today: date) -> ColumnElement[int]:
    """Return how many units of the row's item may be used on a day and are nobody's yet."""
    is_usable = (Lot.status == LotStatus.AVAILABLE, or_(Lot.expires_on.is_(None), Lot.expires_on >= today))
    free = select(func.coalesce(func.sum(Lot.on_hand - Lot.reserved), 0)).where(Lot.item_id == Item.id, *is_usable)
    return free.correlate(Item).scalar_subquery()


def is_kept() -> ColumnElement[bool]:
    """Whether the row's item is, was or is to be on a shelf: medication that only a catalogue lists is not low."""
    is_meant_to_be = or_(Item.reorder_point > 0, Item.target_level > 0)
    return or_(Item.kind != ItemKind.MEDICATION, Item.movement_count > 0, is_meant_to_be)


def is_low(free: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether an item of which so much is available is at its reorder point or below."""
    return and_(is_kept(), free <= Item.reorder_point)
