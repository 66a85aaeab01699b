"""Rules of orders: drawn up as drafts, ordered as they stand, and over once what comes of them has come."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert, select

from server.core import clock
from server.core.access import Actor
from server.core.columns import Expected
from server.core.counters import next_number
from server.core.db import db
from server.core.errors import Conflict, InvalidTransition, NotFound, refused
from server.core.ids import new_id
from server.modules.inventory.enums import OrderStatus
from server.modules.inventory.models import Item, PurchaseOrder, PurchaseOrderLine
from server.modules.inventory.policies import Perm, require_kind
from server.modules.inventory.service.suppliers import require_in_use

DRAFT, ORDERED, CANCELLED = OrderStatus.DRAFT, OrderStatus.ORDERED, OrderStatus.CANCELLED
PARTIAL, RECEIVED, CLOSED = OrderStatus.PARTIALLY_RECEIVED, OrderStatus.RECEIVED, OrderStatus.CLOSED

# Of these more is to come.
OPEN = (ORDERED, PARTIAL)

# What people say of an order. That all has come of one that is partially received says that the rest never will; that
# some has come, or the whole, its receipts say.
_BY_HAND: Mapping[str, frozenset[str]] = {
    DRAFT: frozenset({ORDERED, CANCELLED}),
    ORDERED: frozenset({CANCELLED}),
    PARTIAL: frozenset({RECEIVED}),
    RECEIVED: frozenset({CLOSED}),
}
_OVER = (CLOSED, CANCELLED)


class OrderNotDraft(Conflict):
    """Lines and supplier stay as they were ordered; they change in drafts alone."""

    code = "order_not_draft"


class OrderInProgress(Conflict):
    """An order is deleted while it is a draft, or once it is cancelled."""

    code = "order_in_progress"


def draw_up(
    *,
    actor: Actor,
    lines: Sequence[Mapping[str, Any]],
    supplier_id: uuid.UUID | None = None,
    number: str | None = None,
    **fields: Any,
) -> PurchaseOrder:
    """Draw up a draft."""
    if supplier_id is not None:
        require_in_use(supplier_id)
    order = PurchaseOrder(
        number=number or draw_number(), status=DRAFT, supplier_id=supplier_id, created_by=actor.user_id, **fields
    )
    db.session.add(order)
    db.session.flush()
    _write_lines(order, actor, lines)
    return order


def draw_number() -> str:
    """Return the number of the next order; whoever draws one at the same time waits until this one is written."""
    return f"O-{next_number(db.session.connection(), 'orders.number'):06}"


def change(*, actor: Actor, order_id: uuid.UUID, expected: Expected, **changes: Any) -> PurchaseOrder:
    """Change what is sent of an order that is not over."""
    order = locked(order_id)
    order.require(expected)
    if order.status in _OVER:
        raise InvalidTransition(order_status=order.status)
    if order.status != DRAFT and {"lines", "supplier_id"} & changes.keys():
        raise OrderNotDraft(order_status=order.status)
    lines = changes.pop("lines", None)
    if changes.get("supplier_id") not in (None, order.supplier_id):
        require_in_use(changes["supplier_id"])
    for name, value in changes.items():
        setattr(order, name, value)
    if lines is not None:
        db.session.execute(delete(PurchaseOrderLine).where(PurchaseOrderLine.order_id == order_id))
        _write_lines(order, actor, lines)
        order.touch()
    db.session.flush()
    return order


def set_status(*, actor: Actor, order_id: uuid.UUID, expected: Expected, status: str) -> PurchaseOrder:
    """Order a draft, call off what nothing has come of yet, or close what has come."""
    order = locked(order_id)
    order.require(expected)
    if status not in _BY_HAND.get(order.status, frozenset()):
        raise InvalidTransition(order_status=order.status)
    order.status = status
    if status == ORDERED:
        order.ordered_at, order.ordered_by = clock.now(), actor.user_id
    if status in _OVER:
        order.ended_at = clock.now()
    db.session.flush()
    return order


def remove(*, actor: Actor, order_id: uuid.UUID, expected: Expected) -> None:
    """Delete a draft or a cancelled order: it is in no list any more, and readable by id. Again, it changes nothing."""
    order = locked(order_id)
    if order.voided_at is not None:
        return
    order.require(expected)
    if order.status not in (DRAFT, CANCELLED):
        raise OrderInProgress(order_status=order.status)
    order.status = CANCELLED
    order.ended_at = order.ended_at or clock.now()
    order.voided_at, order.voided_by = clock.now(), actor.user_id
    db.session.flush()


def locked(order_id: uuid.UUID) -> PurchaseOrder:
    """Return an order, held until the unit of work ends; all that happens to one order happens one after the other."""
    order = db.session.get(PurchaseOrder, order_id, with_for_update=True, populate_existing=True)
    if order is None:
        raise NotFound
    return order


def _write_lines(order: PurchaseOrder, actor: Actor, lines: Sequence[Mapping[str, Any]]) -> None:
    columns = Item.id, Item.kind, Item.is_active, Item.unit_cost, Item.pack_size
    named = select(*columns).where(Item.id.in_({line["item_id"] for line in lines}))
    items = {row.id: row for row in db.session.execute(named)}
    rows = []
    for position, line in enumerate(lines):
        item = items.get(line["item_id"])
        if item is None:
            raise refused(f"lines.{position}.item_id", why="There is no such item.")
        require_kind(actor, Perm.ORDERS_MANAGE, item.kind)
        if not item.is_active:
            raise refused(f"lines.{position}.item_id", why="This item is not in use any more.")
        cost, pack_size = line.get("unit_cost"), line.get("pack_size")
        rows.append(
            {
                "id": new_id(),
                "order_id": order.id,
                "position": position,
                "item_id": item.id,
                "quantity_ordered": line["quantity_ordered"],
                "quantity_received": 0,
                "unit_cost": item.unit_cost if cost is None else cost,
                "pack_size": pack_size or item.pack_size,
            }
        )
    # Each waits for its item to be let go, so they go in the order in which items are locked.
    db.session.execute(insert(PurchaseOrderLine.__table__), sorted(rows, key=lambda row: row["item_id"]))
