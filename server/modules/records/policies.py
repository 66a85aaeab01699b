"""Who may read, write and release records and documents."""

from __future__ import annotations

from server.core.access import Grants, Permission, Scope, row
from server.modules.patients.enums import ProxyScope
from server.modules.patients.policies import add_clinical, allow_proxies

REL, OWN, AUTHORED, GLASS = Scope.RELATED, Scope.OWN, Scope.AUTHORED, Scope.BROKEN_GLASS


class Perm(Permission):
    """Permissions of this module."""

    READ = "records:read"
    WRITE = "records:write"
    RELEASE = "records:release"
    DOCUMENTS_READ = "documents:read"
    DOCUMENTS_UPLOAD = "documents:upload"


GRANTS: Grants = {
    Perm.READ: row(A=GLASS, D=REL, N=REL, Pt=OWN),
    Perm.WRITE: row(D=AUTHORED, N=AUTHORED, Pt=OWN),
    Perm.RELEASE: row(D=AUTHORED),
    Perm.DOCUMENTS_READ: row(A=GLASS, D=REL, N=REL, Pt=OWN),
    Perm.DOCUMENTS_UPLOAD: row(D=REL, N=REL, T=REL, Pt=OWN),
}


def install() -> None:
    """Say which verbs are clinical, and what proxies may do here in the name of a patient."""
    add_clinical(*Perm)
    allow_proxies({Perm.READ: ProxyScope.VIEW, Perm.DOCUMENTS_READ: ProxyScope.VIEW})
