"""Who may manage accounts, and one's own."""

from server.core.access import Grants, Permission, Scope, everyone, row


class Perm(Permission):
    """Permissions of this module."""

    ACCOUNT = "account:manage"
    READ = "users:read"
    MANAGE = "users:manage"


GRANTS: Grants = {
    Perm.ACCOUNT: everyone(Scope.OWN),
    Perm.READ: row(A=Scope.ALL),
    Perm.MANAGE: row(A=Scope.ALL),
}
