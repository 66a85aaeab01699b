"""Tell those who buy that something runs low, once until more of it has come in."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import exists, select

from server.core.access import Scope
from server.core.db import db
from server.modules.inventory import signals
from server.modules.inventory.enums import Activity, ItemKind
from server.modules.inventory.models import Item, StockMovement
from server.modules.inventory.policies import GRANTS, Perm
from server.modules.notifications.enums import Kind
from server.modules.notifications.service import notify
from server.modules.users.enums import UserStatus
from server.modules.users.models import User, UserRole

# What comes in otherwise was there before: it was given back.
_REFILLS = (Activity.ADD, Activity.ADJUST, Activity.COUNT)


def install() -> None:
    """Listen for items that sink to their reorder points."""
    signals.reorder_point_crossed.connect(_tell)


def _tell(_sender: object, *, item_id: uuid.UUID, **_levels: Any) -> None:
    item = db.session.execute(select(Item.kind, Item.is_active).where(Item.id == item_id)).one()
    if item.is_active:
        who, refill = holders_of(Perm.ORDERS_MANAGE, item.kind), _last_refill(item_id)
        notify(user_ids=who, kind=Kind.LOW_STOCK, source_type="item", source_id=item_id, version=refill)


def _last_refill(item_id: uuid.UUID) -> int:
    """Return the number of the line by which more of an item came in last."""
    is_refill = (StockMovement.quantity_changed_by > 0, StockMovement.activity_type.in_(_REFILLS))
    stmt = select(StockMovement.number).where(StockMovement.item_id == item_id, *is_refill)
    return db.session.scalar(stmt.order_by(StockMovement.number.desc()).limit(1)) or 0


def holders_of(permission: Perm, kind: str) -> Sequence[uuid.UUID]:
    """Return the active users whose permission reaches items of a kind."""
    is_other = kind != ItemKind.MEDICATION
    reached = {Scope.ALL, Scope.SUPPLIES if is_other else Scope.MEDICATION}
    roles = [role for role, scope in GRANTS[permission].items() if scope in reached]
    holds_one = exists().where(UserRole.user_id == User.id, UserRole.role.in_(roles))
    return db.session.scalars(select(User.id).where(User.status == UserStatus.ACTIVE, holds_one)).all()
