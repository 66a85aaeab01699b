"""How a path finds its item or lot, as far as the permission reaches its kind."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from server.core.access import Actor, Permission
from server.core.errors import NotFound
from server.modules.inventory.models import Item, Lot
from server.modules.inventory.policies import kinds


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
