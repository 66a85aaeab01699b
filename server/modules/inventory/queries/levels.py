"""How much of an item is available: the free units of its usable lots."""

from __future__ import annotations

from datetime import date

from sqlalchemy import func, or_, select
from sqlalchemy.sql import ColumnElement

from server.modules.inventory.enums import LotStatus
from server.modules.inventory.models import Item, Lot


def available(today: date) -> ColumnElement[int]:
    """Return how many units of the row's item may be used on a day and are nobody's yet."""
    is_usable = (Lot.status == LotStatus.AVAILABLE, or_(Lot.expires_on.is_(None), Lot.expires_on >= today))
    free = select(func.coalesce(func.sum(Lot.on_hand - Lot.reserved), 0)).where(Lot.item_id == Item.id, *is_usable)
    return free.correlate(Item).scalar_subquery()
