"""Who may do what with hours, appointments and reviews, and whose rows that reaches."""

from __future__ import annotations

from server.core.access import Grants, Permission, Scope, everyone, row

ALL, REL, OWN, CARD = Scope.ALL, Scope.RELATED, Scope.OWN, Scope.CARD


class Perm(Permission):
    """Permissions of this module."""

    HOURS_MANAGE = "availability:manage"
    SCHEDULE = "doctors:schedule"
    REVIEWS_WRITE = "reviews:write"
    REVIEWS_MODERATE = "reviews:moderate"
    READ = "appointments:read"
    BOOK = "appointments:book"
    SERIES = "appointments:series"
    FLOW = "appointments:flow"
    QUEUE = "appointments:queue"
    OVERRIDE = "appointments:override"


GRANTS: Grants = {
    Perm.HOURS_MANAGE: row(A=ALL, D=OWN),
    Perm.SCHEDULE: everyone(ALL),
    Perm.REVIEWS_WRITE: row(Pt=OWN),
    Perm.REVIEWS_MODERATE: row(A=ALL),
    # REL: a doctor's own calendar and patients in relation. CARD: the cashier sees all rows, without reason and notes.
    Perm.READ: row(A=ALL, D=REL, N=ALL, R=ALL, T=ALL, C=CARD, Pt=OWN),
    Perm.BOOK: row(A=ALL, D=OWN, N=ALL, R=ALL, Pt=OWN),
    Perm.SERIES: row(A=ALL, D=OWN, N=ALL, R=ALL),
    Perm.FLOW: row(A=ALL, D=OWN, N=ALL, R=ALL),
    Perm.QUEUE: row(A=ALL, D=ALL, N=ALL, R=ALL, T=ALL),
    Perm.OVERRIDE: row(A=ALL, D=OWN, R=ALL),
}
