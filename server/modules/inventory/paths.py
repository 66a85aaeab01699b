"""How a path finds its item, lot or document, as far as the permission reaches its kind."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, select

from server.core.access import Actor, Permission
from server.core.errors import NotFound
from server.modules.inventory.models import Item, Lot, PurchaseOrder, Stocktake
from server.modules.inventory.policies import kinds
from server.modules.inventory.queries.orders import reaches as orders_reached
from server.modules.inventory.queries.stocktakes import reaches as stocktakes_reached


@dataclass(frozen=True, slots=True)
class Found:
    """The item that a path is about, and the lot where it names one."""

    item_id: uuid.UUID
    kind: str
    lot_id: uuid.UUID | None = None


def item_within(
    connection: Connection, actor: Actor, permission: Permission, item_id: uuid.UUID, **_path: Any
) -> Found:
    """Return the item if the permission reaches its kind, else raise `NotFound`."""
    kind = connection.scalar(select(Item.kind).where(Item.id == item_id))
    if kind is None or kind not in kinds(actor, permission):
        raise NotFound
    return Found(item_id, kind)


def lot_within(connection: Connection, actor: Actor, permission: Permission, lot_id: uuid.UUID, **_path: Any) -> Found:
    """Return the lot with its item if the permission reaches the item's kind, else raise `NotFound`."""
    found = connection.execute(select(Item.id, Item.kind).join(Lot, Lot.item_id == Item.id).where(Lot.id == lot_id))
    row = found.first()
    if row is None or row.kind not in kinds(actor, permission):
        raise NotFound
    return Found(row.id, row.kind, lot_id)


def order_within(
    connection: Connection, actor: Actor, permission: Permission, order_id: uuid.UUID, **_path: Any
) -> None:
    """Raise `NotFound` unless the order is there and all that is on it may be ordered by the actor."""
    _require(
        connection, select(PurchaseOrder.id).where(PurchaseOrder.id == order_id, orders_reached(actor, permission))
    )


def stocktake_within(
    connection: Connection, actor: Actor, permission: Permission, stocktake_id: uuid.UUID, **_path: Any
) -> None:
    """Raise `NotFound` unless the count is there and all that it counts may be counted by the actor."""
    _require(
        connection, select(Stocktake.id).where(Stocktake.id == stocktake_id, stocktakes_reached(actor, permission))
    )


def _require(connection: Connection, stmt: Select[Any]) -> None:
    if connection.execute(stmt).first() is None:
        raise NotFound
