"""Which lots expire soon, or have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.sql import ColumnElement

from server.core import clock, state
from server.core.dump import columns_of
from server.core.listing import ListSpec, Page, fetch_page
from server.modules.inventory.models import Item, Lot
from server.modules.inventory.schemas.levels import ExpiringOut

LIST = ListSpec(sorts={"expires_on": Lot.expires_on}, tie=Lot.id, default="expires_on")

_COLUMNS = tuple(columns_of(ExpiringOut))
_OF_ITEM = {"item_name": Item.name.label("item_name"), "kind": Item.kind, "unit": Item.unit}

_FILTERS: Mapping[str, Callable[[Any], ColumnElement[bool]]] = {
    "kind": lambda kind: Item.kind == kind,
    "category_id": lambda category_id: Item.category_id == category_id,
    "is_expired": lambda wanted: Lot.expires_on < clock.today() if wanted else Lot.expires_on >= clock.today(),
}


def warned_until(query: Mapping[str, Any]) -> date:
    """Return the last day that is looked at."""
    return clock.today() + timedelta(days=days_of(query))


def days_of(query: Mapping[str, Any]) -> int:
    """Return how many days one looks ahead; unless it is said, as many as the warnings do."""
    days: int = query.get("days", state.settings().expiry_warning_days)
    return days


def is_expiring(until: date) -> ColumnElement[bool]:
    """Return "there is some of this lot, and after that day it may not be used any more"."""
    return (Lot.on_hand > 0) & (Lot.expires_on <= until)


def page_of_expiring(connection: Connection, query: Mapping[str, Any]) -> Page:
    """Return one page of the lots that expire, the first to expire first."""
    own = Lot.__table__.c
    stmt = (
        select(*(_OF_ITEM[name] if name in _OF_ITEM else own[name] for name in _COLUMNS))
        .join(Item, Item.id == Lot.item_id)
        .where(is_expiring(warned_until(query)), *(_FILTERS[name](query[name]) for name in _FILTERS if name in query))
    )
    return fetch_page(connection, stmt, LIST, query)
