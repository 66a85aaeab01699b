"""Which documents of stock somebody reaches: those of which every line is of a kind that their permission reaches."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exists, true
from sqlalchemy.sql import ColumnElement

from server.core.access import Actor, Permission
from server.modules.inventory.enums import ItemKind
from server.modules.inventory.models import Item
from server.modules.inventory.policies import kinds


def only_kinds(actor: Actor, permission: Permission, item_id: Any, *is_its_line: ColumnElement[bool]) -> Any:
    """Return "no line of this document is of a kind that the permission does not reach"."""
    beyond = frozenset(ItemKind) - kinds(actor, permission)
    if not beyond:
        return true()
    return ~exists().where(*is_its_line, Item.id == item_id, Item.kind.in_(sorted(beyond)))
