"""Who may sell over the counter, and who keeps the register of controlled drugs."""

from __future__ import annotations

from server.core.access import Grants, Permission, Scope, row

ALL = Scope.ALL


class Perm(Permission):
    """Permissions of this module; that to be a witness (`controlled:witness`) is with stock."""

    SALES_READ = "sales:read"
    SALES_CREATE = "sales:create"
    SALES_REFUND = "sales:refund"
    CONTROLLED_CORRECT = "controlled:correct"
    CONTROLLED_READ = "controlled:read"


_COUNTER = row(Ph=ALL, PM=ALL, C=ALL)

GRANTS: Grants = {
    Perm.SALES_READ: _COUNTER,
    Perm.SALES_CREATE: _COUNTER,
    Perm.SALES_REFUND: _COUNTER,
    Perm.CONTROLLED_CORRECT: row(Ph=ALL, PM=ALL),
    Perm.CONTROLLED_READ: row(Ph=ALL, PM=ALL, PT=ALL),
}
