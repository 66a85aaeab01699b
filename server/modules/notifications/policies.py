"""Who reads notifications: each user their own."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select

from server.core.access import Actor, Permission
from server.modules.notifications.models import Notification


class Perm(Permission):
    """The permission on one's own account, which the room of the users grants."""

    ACCOUNT = "account:manage"


def visible(stmt: Select[Any], actor: Actor) -> Select[Any]:
    """Keep one's own notifications, without those that were removed."""
    return stmt.where(Notification.user_id == actor.user_id, Notification.hidden_at.is_(None))
