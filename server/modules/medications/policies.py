"""Who may read and keep the catalogue of medication."""

from __future__ import annotations

from server.core.access import Grants, Permission, Scope, row

ALL = Scope.ALL


class Perm(Permission):
    """Permissions of this module."""

    READ = "medications:read"
    MANAGE = "medications:manage"


GRANTS: Grants = {
    Perm.READ: row(A=ALL, D=ALL, N=ALL, T=ALL, Ph=ALL, PM=ALL, PT=ALL, C=ALL),
    Perm.MANAGE: row(A=ALL, Ph=ALL, PM=ALL),
}
