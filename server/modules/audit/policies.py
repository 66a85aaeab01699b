"""Who may read the audit log, and who sees whose activities."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select

from server.core.access import Actor, Grants, Permission, Scope, everyone, row
from server.modules.audit.models import AuditLog


class Perm(Permission):
    """Permissions of this module."""

    READ = "audit:read"
    EXPORT = "audit:export"
    VERIFY = "audit:verify"
    ACTIVITIES = "activities:read"


GRANTS: Grants = {
    Perm.READ: row(A=Scope.ALL),
    Perm.EXPORT: row(A=Scope.ALL),
    Perm.VERIFY: row(A=Scope.ALL),
    Perm.ACTIVITIES: {**everyone(Scope.OWN), **row(A=Scope.ALL)},
}


def visible(stmt: Select[Any], actor: Actor, permission: Permission) -> Select[Any]:
    """Keep the rows that the actor may see: all, or those of their own doing."""
    if Scope.ALL in actor.scopes(permission):
        return stmt
    return stmt.where(AuditLog.actor_id == actor.user_id)
