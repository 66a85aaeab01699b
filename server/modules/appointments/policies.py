"""Who may do what with hours, appointments and reviews, and whose rows that reaches."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, false, not_, or_, select, true, union_all
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


# What one may do on one's own chart and wards; in a calendar nobody does their own flow as a patient.
_AS_PATIENT = frozenset({Perm.READ, Perm.BOOK})


def has_own_calendar(actor: Actor) -> bool:
    """Whether the actor still works as a doctor: a profile outlasts the role."""
    return OWN in actor.scopes(Perm.FLOW)


def own_calendar(actor: Actor) -> Select[Any]:
    """Select the id of the doctor whose account the actor uses, while they work as one."""
    return select(Doctor.id).where(is_own_calendar(actor)).correlate(None)


def is_own_calendar(actor: Actor) -> ColumnElement[bool]:
    """Return "this doctor is the actor, who still works as one"."""
    return Doctor.user_id == actor.user_id if has_own_calendar(actor) else false()


def reaches_patients(actor: Actor, permission: Permission) -> bool:
    """Whether the permission reaches appointments by whose they are, and not by the calendar alone."""
    return permission in _AS_PATIENT or ALL in actor.scopes(permission)


Parts = list[tuple[Any, Select[Any]]]


def _parts(actor: Actor, permission: Permission, *, with_wards: bool = True) -> Parts:
    """Return the columns of an appointment, each with the ids by which the permission reaches it."""
    scopes = actor.scopes(permission)
    wards = wards_of(actor, permission) if with_wards else None
    as_patient = OWN in scopes and permission in _AS_PATIENT
    asked = [
        (_doctor_id, own_calendar(actor) if {REL, OWN} & scopes else None),
        (_patient_id, related_to(actor) if REL in scopes else None),
        (_patient_id, own_charts(actor) if as_patient else None),
        (_patient_id, wards),
    ]
    return [(column, ids) for column, ids in asked if ids is not None]


def _row_by_row(parts: Parts) -> ColumnElement[bool]:
    return or_(false(), *(column.in_(ids) for column, ids in parts))


def _as_a_set(parts: Parts) -> ColumnElement[bool]:
    """Return "is one of these": a union of sets, each found by an index, where an OR would have every row looked at."""
    table = Appointment.__table__.alias()
    found = [select(table.c.id).where(table.c[column.key].in_(ids)) for column, ids in parts]
    return _id.in_(union_all(*found)) if found else false()


def sees_cards_alone(actor: Actor) -> bool:
    """Whether there are appointments of which the actor sees the card alone."""
    scopes = actor.scopes(Perm.READ)
    return CARD in scopes and ALL not in scopes


def shows_all(actor: Actor) -> ColumnElement[bool]:
    """Return "a list shows the actor more of this appointment than the card", row by row."""
    return _row_by_row(_parts(actor, Perm.READ)) if sees_cards_alone(actor) else true()


def is_only_ward(actor: Actor) -> ColumnElement[bool]:
    """Return "it is a proxy alone by which the actor sees this appointment", row by row."""
    wards = wards_of(actor, Perm.READ)
    if ALL in actor.scopes(Perm.READ) or wards is None:
        return false()
    return and_(_patient_id.in_(wards), not_(_row_by_row(_parts(actor, Perm.READ, with_wards=False))))


def reaches(actor: Actor, permission: Permission, *, is_narrow: bool = True) -> ColumnElement[bool]:
    """Return "the permission reaches this appointment" in a list; an empty scope reaches none.

    REL is the actor's own calendar and patients in relation; OWN is the own calendar and, to read and book, the own
    chart and wards. Broken glass opens one appointment by its id and widens no list. Few rows (`is_narrow`) are looked
    at one by one; else those that the actor reaches are found first.
    """
    scopes = actor.scopes(permission)
    if {ALL, CARD} & scopes:
        return true()
    parts = _parts(actor, permission)
    return _row_by_row(parts) if is_narrow else _as_a_set(parts)


def visible(stmt: Select[Any], actor: Actor, permission: Permission, *, is_narrow: bool = True) -> Select[Any]:
    """Keep the appointments that the permission reaches."""
    return stmt.where(reaches(actor, permission, is_narrow=is_narrow))


def mine(actor: Actor) -> ColumnElement[bool]:
    """Return "is an appointment of the actor as a patient, or of a ward", where reading reaches it."""
    wards = wards_of(actor, Perm.READ)
    found = _as_a_set([(_patient_id, own_charts(actor)), *([(_patient_id, wards)] if wards is not None else [])])
    return and_(found, _row_by_row(_parts(actor, Perm.READ))) if actor.scopes(Perm.READ) == {REL} else found
