"""Who may do what with hours, appointments and reviews, and whose rows that reaches."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, false, not_, select, true, union_all
from sqlalchemy.sql import ColumnElement

from server.core.access import Actor, Grants, Permission, Scope, everyone, row
from server.modules.appointments.models import Appointment
from server.modules.doctors.models import Doctor
from server.modules.patients.enums import ProxyScope
from server.modules.patients.policies import allow_proxies, own_charts, related_to, wards_of

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


_id, _patient_id, _doctor_id = Appointment.id, Appointment.patient_id, Appointment.doctor_id


def install() -> None:
    """Say what proxies may do here in the name of a patient."""
    allow_proxies({Perm.READ: ProxyScope.VIEW, Perm.BOOK: ProxyScope.BOOK})


def own_calendar(actor: Actor) -> Select[Any]:
    """Select the id of the doctor whose account the actor uses."""
    return select(Doctor.id).where(Doctor.user_id == actor.user_id).correlate(None)


def _among(*parts: tuple[Any, Select[Any] | None]) -> ColumnElement[bool]:
    """Return "is one of these appointments": a union of sets, each found by an index, and no OR over the table."""
    table = Appointment.__table__.alias()
    found = [select(table.c.id).where(table.c[column.key].in_(ids)) for column, ids in parts if ids is not None]
    return _id.in_(union_all(*found)) if found else false()


def _by_right(actor: Actor, permission: Permission) -> list[tuple[Any, Select[Any] | None]]:
    scopes = actor.scopes(permission)
    return [
        (_doctor_id, own_calendar(actor) if {REL, OWN} & scopes else None),
        (_patient_id, related_to(actor) if REL in scopes else None),
        (_patient_id, own_charts(actor) if OWN in scopes else None),
    ]


def sees_cards_alone(actor: Actor) -> bool:
    """Whether there are appointments of which the actor sees the card alone."""
    scopes = actor.scopes(Perm.READ)
    return CARD in scopes and ALL not in scopes


def shows_all(actor: Actor, permission: Permission = Perm.READ) -> ColumnElement[bool]:
    """Return "a list shows the actor more of this appointment than the card", row by row."""
    if ALL in actor.scopes(permission):
        return true()
    return _among(*_by_right(actor, permission), (_patient_id, wards_of(actor, permission)))


def is_only_ward(actor: Actor, permission: Permission = Perm.READ) -> ColumnElement[bool]:
    """Return "it is a proxy alone by which the actor sees this appointment", row by row."""
    wards = wards_of(actor, permission)
    if ALL in actor.scopes(permission) or wards is None:
        return false()
    return and_(_patient_id.in_(wards), not_(_among(*_by_right(actor, permission))))


def reaches(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """Return "the permission reaches this appointment" in a list; an empty scope reaches none.

    REL is the actor's own calendar and patients in relation; OWN is the own calendar, the own chart and wards. Broken
    glass opens one appointment by its id and widens no list.
    """
    return true() if CARD in actor.scopes(permission) else shows_all(actor, permission)


def visible(stmt: Select[Any], actor: Actor, permission: Permission) -> Select[Any]:
    """Keep the appointments that the permission reaches."""
    return stmt.where(reaches(actor, permission))


def mine(actor: Actor) -> ColumnElement[bool]:
    """Return "is an appointment of the actor as a patient, or of a ward"."""
    return _among((_patient_id, own_charts(actor)), (_patient_id, wards_of(actor, Perm.READ)))
