"""Who may read and record immunisations."""

from __future__ import annotations

from server.core.access import Grants, Permission, Scope, row
from server.modules.patients.enums import ProxyScope
from server.modules.patients.policies import add_clinical, allow_proxies

REL, OWN, GLASS = Scope.RELATED, Scope.OWN, Scope.BROKEN_GLASS


class Perm(Permission):
    """Permissions of this module."""

    READ = "vaccines:read"
    WRITE = "vaccines:write"


GRANTS: Grants = {
    Perm.READ: row(A=GLASS, D=REL, N=REL, Pt=OWN),
    Perm.WRITE: row(D=REL, N=REL),
}


def install() -> None:
    """Say which verbs are clinical, and what proxies may do here in the name of a patient."""
    add_clinical(*Perm)
    allow_proxies({Perm.READ: ProxyScope.VIEW})
