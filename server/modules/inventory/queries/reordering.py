"""What is low, how much of it is on order, and so how much to order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.sql import ColumnElement

from server.core import clock
from server.core.access import Actor
from server.core.dump import columns_of
from server.core.listing import ListSpec, Page, fetch_page
from server.modules.inventory.enums import OrderStatus
from server.modules.inventory.models import Item, PurchaseOrder, PurchaseOrderLine
from server.modules.inventory.policies import Perm, kinds
from server.modules.inventory.queries.levels import available, is_low
from server.modules.inventory.reordering import suggested
from server.modules.inventory.schemas.levels import LowStockOut

LIST = ListSpec(sorts={"name": Item.name_key, "created_at": Item.created_at}, tie=Item.id, default="name")

# A draft counts: what somebody is about to order nobody else has to.
_TO_COME = (OrderStatus.DRAFT, OrderStatus.ORDERED, OrderStatus.PARTIALLY_RECEIVED)
_COLUMNS = tuple(columns_of(LowStockOut))

_FILTERS: Mapping[str, Callable[[Any], ColumnElement[bool]]] = {
    "category_id": lambda category_id: Item.category_id == category_id,
    "supplier_id": lambda supplier_id: Item.supplier_id == supplier_id,
    "kind": lambda kind: Item.kind == kind,
    "is_critical": lambda wanted: Item.is_critical == wanted,
    "is_out": lambda wanted: available(clock.today()) <= 0 if wanted else available(clock.today()) > 0,
}


@dataclass(frozen=True, slots=True)
class Missing:
    """So many units to order of an item."""

    item: Any
    quantity: int


def on_order() -> ColumnElement[int]:
    """Return how many units of the row's item are still to come."""
    to_come = func.sum(PurchaseOrderLine.quantity_ordered - PurchaseOrderLine.quantity_received)
    stmt = (
        select(func.coalesce(to_come, 0))
        .join(PurchaseOrder, PurchaseOrder.id == PurchaseOrderLine.order_id)
        .where(PurchaseOrderLine.item_id == Item.id, PurchaseOrder.status.in_(_TO_COME))
    )
    return stmt.correlate(Item).scalar_subquery()


def page_of_low(connection: Connection, query: Mapping[str, Any]) -> Page:
    """Return one page of the items in use that are at their reorder points or below."""
    made = {"available": available(clock.today()).label("available"), "on_order": on_order().label("on_order")}
    columns = (made[name] if name in made else Item.__table__.c[name] for name in _COLUMNS)
    stmt = select(*columns).where(Item.is_active, is_low(available(clock.today())))
    return fetch_page(
        connection, stmt.where(*(_FILTERS[name](query[name]) for name in _FILTERS if name in query)), LIST, query
    )


def missing(connection: Connection, actor: Actor, form: Mapping[str, Any], *, most: int) -> Sequence[Missing]:
    """Return what to order of all that the actor may order, by name, at most so many items."""
    free = available(clock.today())
    stmt = (
        select(*Item.__table__.c, free.label("available"), on_order().label("on_order"))
        .where(Item.is_active, free <= Item.reorder_point, Item.kind.in_(sorted(kinds(actor, Perm.ORDERS_MANAGE))))
        .where((Item.reorder_point > 0) | (Item.target_level > 0))
        .where(*(_FILTERS[name](value) for name, value in form.items() if value is not None))
        .order_by(Item.name_key, Item.id)
    )
    found: list[Missing] = []
    for row in connection.execute(stmt):
        quantity = suggested(row.available, row.on_order, row.reorder_point, row.target_level, row.pack_size)
        if quantity and len(found) < most:
            found.append(Missing(row, quantity))
    return found
