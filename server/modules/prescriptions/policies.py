"""Who may read, write and fill prescriptions; pharmacy roles see all of them and nothing else of the chart."""

from __future__ import annotations

from server.core.access import Grants, Permission, Scope, row
from server.modules.patients.enums import ProxyScope
from server.modules.patients.policies import add_clinical, allow_proxies

ALL, REL, OWN, GLASS = Scope.ALL, Scope.RELATED, Scope.OWN, Scope.BROKEN_GLASS


class Perm(Permission):
    """Permissions of this module."""

    READ = "prescriptions:read"
    WRITE = "prescriptions:write"
    ENTER = "prescriptions:enter"
    CHECK = "prescriptions:check"
    OVERRIDE = "prescriptions:override"
    PREPARE = "prescriptions:prepare"
    FILL = "prescriptions:fill"
    DISPENSES_READ = "dispenses:read"
    DISPENSES_REVERSE = "dispenses:reverse"


GRANTS: Grants = {
    Perm.READ: row(A=GLASS, D=REL, N=REL, Ph=ALL, PM=ALL, PT=ALL, Pt=OWN),
    Perm.WRITE: row(D=REL),
    # The technician's are drafts, which a pharmacist activates.
    Perm.ENTER: row(Ph=ALL, PT=ALL),
    Perm.CHECK: row(D=REL, Ph=ALL, PM=ALL),
    Perm.OVERRIDE: row(D=REL, Ph=ALL),
    Perm.PREPARE: row(Ph=ALL, PM=ALL, PT=ALL),
    Perm.FILL: row(Ph=ALL, PM=ALL),
    # The cashier sees what is ready to be paid, and of it what the till needs.
    Perm.DISPENSES_READ: row(D=REL, N=REL, Ph=ALL, PM=ALL, PT=ALL, C=Scope.CARD, Pt=OWN),
    Perm.DISPENSES_REVERSE: row(Ph=ALL, PM=ALL),
}


def install() -> None:
    """Say which verbs are clinical, and what proxies may do here in the name of a patient."""
    add_clinical(*Perm)
    allow_proxies({Perm.READ: ProxyScope.VIEW, Perm.DISPENSES_READ: ProxyScope.VIEW})
