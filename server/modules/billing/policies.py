"""Who may read and keep the fee schedule."""

from __future__ import annotations

from server.core.access import Grants, Permission, Role, Scope, row


class Perm(Permission):
    """Permissions of this module."""

    SERVICES_READ = "services:read"
    SERVICES_MANAGE = "services:manage"


GRANTS: Grants = {
    Perm.SERVICES_READ: {role: Scope.ALL for role in Role if role != Role.PATIENT},
    Perm.SERVICES_MANAGE: row(A=Scope.ALL),
}
