"""Who may merge charts and take one out of the house; reading them is `chart:read` of the patients module."""

from __future__ import annotations

from server.core.access import Grants, Permission, Scope, row


class Perm(Permission):
    """Permissions of this module."""

    MERGE = "patients:merge"
    EXPORT = "patients:export"


GRANTS: Grants = {
    Perm.MERGE: row(A=Scope.ALL),
    Perm.EXPORT: row(A=Scope.BROKEN_GLASS, Pt=Scope.OWN),
}
