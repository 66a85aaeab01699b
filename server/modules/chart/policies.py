"""Who may merge charts, take one out of the house and save a consultation; reading is `chart:read` of `patients`."""

from __future__ import annotations

from server.core.access import Grants, Permission, Scope, row
from server.modules.patients.policies import add_clinical


class Perm(Permission):
    """Permissions of this module."""

    MERGE = "patients:merge"
    EXPORT = "patients:export"
    CONSULT = "visits:chart"


GRANTS: Grants = {
    Perm.MERGE: row(A=Scope.ALL),
    Perm.EXPORT: row(A=Scope.BROKEN_GLASS, Pt=Scope.OWN),
    Perm.CONSULT: row(D=Scope.RELATED),
}


def install() -> None:
    """Say which verbs are clinical."""
    add_clinical(Perm.CONSULT)
