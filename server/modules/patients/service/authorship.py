"""Who answers for an entry: its author, or another for an author who may not."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from server.core.access import Actor, Permission, Role
from server.core.db import db
from server.core.errors import NotFound
from server.modules.users.models import UserRole


def require_answering(*, actor: Actor, permission: Permission, author_id: uuid.UUID | None) -> None:
    """Raise `NotFound` unless the actor may sign or release what this author wrote.

    One's own, and what those wrote who do not hold the permission themselves (nurses, technicians); never what another
    who holds it wrote.
    """
    if author_id in (None, actor.user_id):
        return
    roles = db.session.scalars(select(UserRole.role).where(UserRole.user_id == author_id))
    if actor.grid.scopes(permission, map(Role, roles)):
        raise NotFound
