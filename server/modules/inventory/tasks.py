"""What stock needs by and by: somebody who knows what expires, and what has become low as time passed."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date, timedelta

from flask import Flask
from sqlalchemy import exists, select

from server.core import clock
from server.core.db import db
from server.core.jobs import HOURLY, add_job
from server.core.uow import command
from server.modules.inventory import signals
from server.modules.inventory.alerts import holders_of
from server.modules.inventory.enums import LotStatus
from server.modules.inventory.models import Item, Lot
from server.modules.inventory.policies import Perm
from server.modules.inventory.queries.expiring import is_expiring, warned_until
from server.modules.inventory.service.shelves import Shelf, locked
from server.modules.notifications.enums import Kind
from server.modules.notifications.service import notify

# Days on which nothing ran are made up for, up to so many.
_MADE_UP_FOR = timedelta(days=7)
# Of which thing one is told each day: of stock as a whole.
_STOCK = uuid.UUID(int=0)


def install(app: Flask) -> None:
    """Add the jobs of this module: they run each hour, and tell once a day."""
    add_job(app, "days of expiring lots told", tell_of_expiring, every=HOURLY)
    add_job(app, "items found low as lots expired", find_low_by_expiry, every=HOURLY)


def tell_of_expiring() -> int:
    """Tell those who decide about lots, once a day, that some of theirs expire soon; return of how many lots."""
    with command("inventory.tell_of_expiring", "lot"):
        stmt = select(Item.kind).join(Lot, Lot.item_id == Item.id).where(is_expiring(warned_until({})))
        kinds = db.session.scalars(stmt).all()
        who = {user_id for kind in set(kinds) for user_id in holders_of(Perm.LOTS_MANAGE, kind)}
        if who:
            day = clock.today().toordinal()
            notify(user_ids=who, kind=Kind.EXPIRING_LOTS, source_type="stock", source_id=_STOCK, version=day)
        return len(kinds)


def find_low_by_expiry() -> int:
    """Say of each item that has sunk to its reorder point because a lot expired that it has; return how many."""
    with command("inventory.find_low_by_expiry", "item"):
        today = clock.today()
        return sum(_say_if_low(shelf, today) for shelf in locked(_with_expired(today)).values())


def _with_expired(today: date) -> Iterable[uuid.UUID]:
    has_expired = Lot.expires_on.between(today - _MADE_UP_FOR, today - timedelta(days=1))
    is_lost = exists().where(
        Lot.item_id == Item.id, has_expired, Lot.status == LotStatus.AVAILABLE, Lot.on_hand > Lot.reserved
    )
    return db.session.scalars(select(Item.id).where(Item.is_active, is_lost)).all()


def _say_if_low(shelf: Shelf, today: date) -> bool:
    left, had = shelf.available(today), shelf.available(today - _MADE_UP_FOR)
    if not left <= shelf.reorder_point < had:
        return False
    signals.reorder_point_crossed.send(item_id=shelf.item_id, available=left, reorder_point=shelf.reorder_point)
    return True
