"""Stock as a whole: how much, worth what, and how much of it is low or expires."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, and_, case, func, or_, select

from server.core import clock, state
from server.core.money import format_money
from server.modules.inventory.enums import LotStatus
from server.modules.inventory.models import Item, ItemCategory, Lot
from server.modules.inventory.queries.expiring import days_of, is_expiring, warned_until
from server.modules.inventory.queries.levels import is_kept, is_low


@dataclass(slots=True)
class _Heading:
    """What is kept under a heading, in minor units and items."""

    name: str | None
    items: Counter[str] = field(default_factory=Counter)
    value: int = 0
    low: int = 0
    out: int = 0
    critical: int = 0


def stats(connection: Connection, query: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of all that is in use."""
    headings = _headings(connection)
    for category_id, unit_cost, units in connection.execute(_units()):
        headings.setdefault(category_id, _Heading(None)).value += unit_cost * int(units)
    kinds: Counter[str] = Counter()
    for one in headings.values():
        kinds += one.items
    expiring, expired = connection.execute(_expiring(query)).one()
    named = sorted(headings.items(), key=lambda pair: (pair[1].name is None, pair[1].name or "", str(pair[0])))
    return {
        "total_items": kinds.total(),
        "total_value": _amount(sum(one.value for one in headings.values())),
        "low_stock": sum(one.low for one in headings.values()),
        "out_of_stock": sum(one.out for one in headings.values()),
        "critical_low": sum(one.critical for one in headings.values()),
        "expiring": expiring,
        "expired": expired,
        "days": days_of(query),
        "by_kind": dict(sorted(kinds.items())),
        "by_category": [_shown(category_id, one) for category_id, one in named],
    }


def _headings(connection: Connection) -> dict[uuid.UUID | None, _Heading]:
    """Return the items in use by category and kind, with how many of them are low and out."""
    is_usable = (Lot.status == LotStatus.AVAILABLE, or_(Lot.expires_on.is_(None), Lot.expires_on >= clock.today()))
    free = select(Lot.item_id, func.sum(Lot.on_hand - Lot.reserved).label("free")).where(Lot.on_hand > 0, *is_usable)
    free_of = free.group_by(Lot.item_id).subquery("free_of")
    available = func.coalesce(free_of.c.free, 0)
    stmt = (
        select(
            Item.category_id,
            ItemCategory.name,
            Item.kind,
            func.count().label("items"),
            *(
                func.sum(case((condition, 1), else_=0)).label(label)
                for label, condition in {
                    "low": is_low(available),
                    "out": and_(is_kept(), available <= 0),
                    "critical": is_low(available) & Item.is_critical,
                }.items()
            ),
        )
        .select_from(Item)
        .outerjoin(free_of, free_of.c.item_id == Item.id)
        .outerjoin(ItemCategory, ItemCategory.id == Item.category_id)
        .where(Item.is_active)
        .group_by(Item.category_id, ItemCategory.name, Item.kind)
    )
    found: dict[uuid.UUID | None, _Heading] = {}
    for row in connection.execute(stmt):
        heading = found.setdefault(row.category_id, _Heading(row.name))
        heading.items[row.kind] += row.items
        heading.low += int(row.low)
        heading.out += int(row.out)
        heading.critical += int(row.critical)
    return found


def _units() -> Any:
    """Units by category and cost: multiplied here, since no integer of a database holds all that they may come to."""
    return (
        select(Item.category_id, Lot.unit_cost, func.sum(Lot.on_hand))
        .join(Item, Item.id == Lot.item_id)
        .where(Lot.on_hand > 0, Item.is_active)
        .group_by(Item.category_id, Lot.unit_cost)
    )


def _expiring(query: Mapping[str, Any]) -> Any:
    """How many lots expire soon, and how many have."""
    has_expired = Lot.expires_on < clock.today()
    soon, over = (func.coalesce(func.sum(case((one, 1), else_=0)), 0) for one in (~has_expired, has_expired))
    return select(soon, over).where(is_expiring(warned_until(query)))


def _shown(category_id: uuid.UUID | None, one: _Heading) -> dict[str, Any]:
    return {
        "category_id": category_id,
        "name": one.name,
        "items": one.items.total(),
        "value": _amount(one.value),
        "low_stock": one.low,
        "out_of_stock": one.out,
    }


def _amount(minor: int) -> str:
    return format_money(minor, state.settings().clinic_currency)
