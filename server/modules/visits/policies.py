"""Who may see, open, write and close visits and the notes on them."""

from __future__ import annotations

from server.core.access import Grants, Permission, Scope, row
from server.modules.patients.enums import ProxyScope
from server.modules.patients.policies import add_clinical, allow_proxies

ALL, REL, OWN, AUTHORED, GLASS = Scope.ALL, Scope.RELATED, Scope.OWN, Scope.AUTHORED, Scope.BROKEN_GLASS


class Perm(Permission):
    """Permissions of this module; notes are read with `chart:read`."""

    READ = "visits:read"
    OPEN = "visits:open"
    WRITE = "visits:write"
    COMPLETE = "visits:complete"
    REOPEN = "visits:reopen"
    CANCEL = "visits:cancel"
    NOTES_DRAFT = "notes:draft"
    NOTES_SIGN = "notes:sign"
    NOTES_ADDEND = "notes:addend"


GRANTS: Grants = {
    # Who does not read the chart sees of a visit when, with whom, of which type and how it stands.
    Perm.READ: row(A=GLASS, D=REL, N=REL, R=ALL, T=REL, Pt=OWN),
    Perm.OPEN: row(D=ALL, N=ALL, R=ALL),
    Perm.WRITE: row(D=REL, N=REL),
    Perm.COMPLETE: row(D=REL),
    # Of the doctor whose visit it is.
    Perm.REOPEN: row(D=AUTHORED),
    Perm.CANCEL: row(D=REL, N=REL, R=ALL),
    Perm.NOTES_DRAFT: row(D=REL, N=REL),
    Perm.NOTES_SIGN: row(D=AUTHORED),
    Perm.NOTES_ADDEND: row(D=REL),
}


def install() -> None:
    """Say which verbs are clinical, and what proxies may do here in the name of a patient."""
    add_clinical(*Perm)
    allow_proxies({Perm.READ: ProxyScope.VIEW})
