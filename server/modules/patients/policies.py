"""Who may see and change which patients."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    CompoundSelect,
    Connection,
    Row,
    Select,
    and_,
    exists,
    false,
    func,
    not_,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.sql import ColumnElement

from server.core.access import Actor, Grants, Permission, Role, Scope, row
from server.core.columns import NOW
from server.modules.patients.enums import ProxyScope
from server.modules.patients.models import BrokenGlass, CareRelation, Patient, Proxy

ALL, REL, OWN, CARD, GLASS = Scope.ALL, Scope.RELATED, Scope.OWN, Scope.CARD, Scope.BROKEN_GLASS
AUTHORED = Scope.AUTHORED

# Scopes that a live care relation opens.
_BY_RELATION = frozenset({REL, AUTHORED})

# Relations with an audience instead of one person reach whoever holds one of these roles.
AUDIENCES = {"nurses and technicians": frozenset({Role.NURSE, Role.TECHNICIAN})}


class Perm(Permission):
    """Permissions of this module."""

    READ = "patients:read"
    LOOKUP = "patients:lookup"
    REGISTER = "patients:register"
    UPDATE = "patients:update"
    DEACTIVATE = "patients:deactivate"
    INVITE = "patients:invite"
    BREAK_GLASS = "patients:break_glass"
    ACCESS_LOG = "patients:access_log"
    CONTACTS_READ = "contacts:read"
    CONTACTS_MANAGE = "contacts:manage"
    PROXIES_MANAGE = "proxies:manage"
    CARE_TEAM_READ = "care_team:read"
    CARE_TEAM_MANAGE = "care_team:manage"
    CHART_READ = "chart:read"
    HISTORY_WRITE = "history:write"
    CONDITIONS_WRITE = "conditions:write"
    ALLERGIES_WRITE = "allergies:write"
    ALLERGIES_READ = "allergies:read"
    VOID = "clinical:void"


GRANTS: Grants = {
    Perm.READ: row(A=ALL, D=REL, N=REL, R=ALL, T=REL, Ph=CARD, PM=CARD, PT=CARD, C=CARD, Pt=OWN),
    Perm.LOOKUP: row(A=ALL, D=ALL, N=ALL, R=ALL, T=ALL, Ph=ALL, PM=ALL, PT=ALL),
    Perm.REGISTER: row(A=ALL, D=ALL, N=ALL, R=ALL, Ph=ALL, PM=ALL, PT=ALL, Pt=OWN),
    Perm.UPDATE: row(A=ALL, D=REL, N=REL, R=ALL, Pt=OWN),
    Perm.DEACTIVATE: row(A=ALL),
    Perm.INVITE: row(A=ALL, D=REL, N=REL, R=ALL),
    Perm.BREAK_GLASS: row(A=ALL, D=ALL, N=ALL, T=ALL),
    Perm.ACCESS_LOG: row(A=ALL, Pt=OWN),
    Perm.CONTACTS_READ: row(A=ALL, D=REL, N=REL, R=ALL, Pt=OWN),
    Perm.CONTACTS_MANAGE: row(A=ALL, D=REL, N=REL, R=ALL, Pt=OWN),
    Perm.PROXIES_MANAGE: row(A=ALL, R=ALL, Pt=OWN),
    Perm.CARE_TEAM_READ: row(A=ALL, D=REL, N=REL, Pt=OWN),
    Perm.CARE_TEAM_MANAGE: row(A=ALL, D=REL),
    Perm.CHART_READ: row(A=GLASS, D=REL, N=REL, Pt=OWN),
    Perm.HISTORY_WRITE: row(D=REL, N=REL),
    Perm.CONDITIONS_WRITE: row(D=REL, N=REL),
    Perm.ALLERGIES_WRITE: row(D=REL, N=REL),
    Perm.ALLERGIES_READ: row(A=GLASS, D=REL, N=REL, T=REL, Ph=ALL, PM=ALL, PT=ALL, Pt=OWN),
    Perm.VOID: row(A=GLASS, D=AUTHORED, N=AUTHORED, T=AUTHORED),
}

# On one's own chart one is a patient; these verbs are never one's own to do.
_CLINICAL: set[Permission] = {
    *(Perm.HISTORY_WRITE, Perm.CONDITIONS_WRITE, Perm.ALLERGIES_WRITE, Perm.VOID),
    *(Perm.CHART_READ, Perm.ALLERGIES_READ, Perm.BREAK_GLASS),
}

# Who may see a chart is never decided through broken glass: what is opened so would outlast it.
NOT_BY_GLASS = frozenset({Perm.CARE_TEAM_MANAGE, Perm.INVITE})

# What a proxy may do as the patient would, and the scope that it takes. What is not named here is not for proxies.
_FOR_WARDS: dict[Permission, ProxyScope] = {
    Perm.READ: ProxyScope.VIEW,
    Perm.ACCESS_LOG: ProxyScope.VIEW,
    Perm.CONTACTS_READ: ProxyScope.VIEW,
    Perm.CARE_TEAM_READ: ProxyScope.VIEW,
    Perm.CHART_READ: ProxyScope.VIEW,
    Perm.ALLERGIES_READ: ProxyScope.VIEW,
}

_MAY: Mapping[ProxyScope, Any] = {
    ProxyScope.VIEW: Proxy.may_view,
    ProxyScope.BOOK: Proxy.may_book,
    ProxyScope.MESSAGE: Proxy.may_message,
    ProxyScope.PAY: Proxy.may_pay,
}


def allow_proxies(permissions: Mapping[Permission, ProxyScope]) -> None:
    """Register what proxies may do of an upper module, and the scope that each permission takes."""
    _FOR_WARDS.update(permissions)


def add_clinical(*permissions: Permission) -> None:
    """Register the clinical verbs of an upper module: on one's own chart they are 403 unless held as a patient."""
    _CLINICAL.update(permissions)


def is_not_ones_own(actor: Actor, permission: Permission) -> bool:
    """Whether the permission is a clinical verb that the actor may not use on their own chart."""
    return permission in _CLINICAL and OWN not in actor.scopes(permission)


def related(actor: Actor) -> ColumnElement[bool]:
    """Return "a live care relation joins this patient and the actor": one indexed EXISTS."""
    return exists().where(CareRelation.patient_id == Patient.id, *_stands_for(actor))


def _stands_for(actor: Actor) -> tuple[ColumnElement[bool], ...]:
    audiences = [name for name, roles in AUDIENCES.items() if roles & actor.roles]
    holder: ColumnElement[bool] = CareRelation.user_id == actor.user_id
    if audiences:
        holder = or_(holder, CareRelation.audience.in_(audiences))
    return holder, CareRelation.starts_at <= NOW, or_(CareRelation.ends_at.is_(None), CareRelation.ends_at > NOW)


def is_live_proxy() -> ColumnElement[bool]:
    """Return "this proxy stands now"."""
    return Proxy.revoked_at.is_(None) & or_(Proxy.expires_at.is_(None), Proxy.expires_at > NOW)


def related_to(actor: Actor) -> Select[Any]:
    """Select the ids of the patients whom a live care relation joins to the actor: what `related` asks, as a set."""
    stmt = select(CareRelation.patient_id).where(*_stands_for(actor))
    return stmt.correlate(None)


def own_charts(actor: Actor) -> Select[Any]:
    """Select the id of the actor's own chart."""
    return select(Patient.id).where(Patient.user_id == actor.user_id).correlate(None)


def wards_of(actor: Actor, permission: Permission) -> Select[Any] | None:
    """Select the ids of the patients for whom the actor may use this permission as their proxy; None: for nobody."""
    scope = _FOR_WARDS.get(permission)
    return _wards(actor, scope) if scope else None


def reached_patients(actor: Actor, permission: Permission) -> Select[Any] | CompoundSelect[Any] | None:
    """Select the ids of the patients of whom `shows_all` holds, as one set; None: of everybody."""
    scopes = actor.scopes(permission)
    if ALL in scopes:
        return None
    sets = [related_to(actor)] if scopes & _BY_RELATION else []
    if OWN in scopes:
        sets.append(own_charts(actor))
    wards = wards_of(actor, permission)
    if wards is not None:
        sets.append(wards)
    return union_all(*sets) if sets else select(Patient.id).where(false())


def _wards(actor: Actor, scope: ProxyScope) -> Select[Any]:
    stmt = select(Proxy.patient_id).where(Proxy.user_id == actor.user_id, _MAY[scope], is_live_proxy())
    return stmt.correlate(None)


def is_ward(actor: Actor, scope: ProxyScope) -> ColumnElement[bool]:
    """Return "the actor has a live proxy of this scope for this patient"; the list is made once per statement."""
    return Patient.id.in_(_wards(actor, scope))


def _by_right(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """Return "the permission reaches more of this patient than the card", by role, relation or being the patient."""
    scopes = actor.scopes(permission)
    if ALL in scopes:
        return true()
    conditions: list[ColumnElement[bool]] = []
    if scopes & _BY_RELATION:
        conditions.append(related(actor))
    if OWN in scopes:
        conditions.append(Patient.user_id == actor.user_id)
    return or_(false(), *conditions)


def _by_proxy(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    scope = _FOR_WARDS.get(permission)
    return is_ward(actor, scope) if scope else false()


def shows_all(actor: Actor, permission: Permission = Perm.READ) -> ColumnElement[bool]:
    """Return "a list shows the actor more of this patient than the identity card", row by row; wards are one's own."""
    return or_(_by_right(actor, permission), _by_proxy(actor, permission))


def as_staff(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """Return "the actor sees this chart as one who cares", row by row; one's own is seen as a patient sees it."""
    scopes = actor.scopes(permission)
    if ALL in scopes:
        reached: ColumnElement[bool] = true()
    else:
        reached = related(actor) if scopes & _BY_RELATION else false()
    return and_(reached, Patient.user_id.is_distinct_from(actor.user_id))


def is_only_ward(actor: Actor, permission: Permission = Perm.READ) -> ColumnElement[bool]:
    """Return "it is a proxy alone by which the actor sees this patient", row by row."""
    # A chart without an account compares to null.
    return and_(_by_proxy(actor, permission), not_(func.coalesce(_by_right(actor, permission), false())))


def reaches(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """Return "the permission reaches this patient" in a list; an empty scope reaches none.

    Broken glass opens one chart by its id and widens no list: see `ways`.
    """
    return true() if CARD in actor.scopes(permission) else shows_all(actor, permission)


def visible(stmt: Select[Any], actor: Actor, permission: Permission) -> Select[Any]:
    """Keep the patients that the permission reaches."""
    return stmt.where(reaches(actor, permission))


def open_glass(actor: Actor) -> ColumnElement[Any]:
    """Return the id of the glass that the actor broke last for this patient, while it is open, else null."""
    if not actor.can(Perm.BREAK_GLASS):
        return null()
    return (
        select(BrokenGlass.id)
        .where(
            BrokenGlass.patient_id == Patient.id,
            BrokenGlass.user_id == actor.user_id,
            BrokenGlass.expires_at > NOW,
        )
        .order_by(BrokenGlass.expires_at.desc(), BrokenGlass.id.desc())
        .limit(1)
        .correlate(Patient)
        .scalar_subquery()
    )


@dataclass(frozen=True, slots=True)
class Way:
    """How an actor came to one chart: whether to all of it, and through what."""

    shows_all: bool
    is_by_glass: bool
    break_glass_id: uuid.UUID | None
    on_behalf_of: uuid.UUID | None


def ways(actor: Actor, permission: Permission) -> tuple[ColumnElement[Any], ...]:
    """Return the columns that `way_of` reads from the row of one chart; the statement selects the patient's id too."""
    return (
        _by_right(actor, permission).label("by_right"),
        _by_proxy(actor, permission).label("by_proxy"),
        open_glass(actor).label("glass_id"),
    )


def way_of(actor: Actor, permission: Permission, found: Row[Any], *, patient_id: uuid.UUID | None = None) -> Way | None:
    """Return how the permission reaches this chart, or None where it does not; its id is `found.id` unless given."""
    opens = found.glass_id is not None and _glass_widens(actor, permission)
    shows = bool(found.by_right or found.by_proxy)
    by_card = CARD in actor.scopes(permission)
    if not (shows or opens or by_card):
        return None
    return Way(
        shows_all=shows or opens,
        is_by_glass=opens and not shows and not by_card,
        break_glass_id=found.glass_id,
        on_behalf_of=(patient_id or found.id) if found.by_proxy and not found.by_right else None,
    )


def _glass_widens(actor: Actor, permission: Permission) -> bool:
    """Whether broken glass lets the actor use this permission: where it takes a relation, or the glass itself."""
    return permission not in NOT_BY_GLASS and bool(actor.scopes(permission) & {GLASS, *_BY_RELATION})


def sees_all(actor: Actor, permission: Permission) -> bool:
    """Whether the permission shows the actor all of every chart by role, so that no chart need be asked for a way."""
    return ALL in actor.scopes(permission) and not actor.can(Perm.BREAK_GLASS)


def voids_by_glass(connection: Connection, actor: Actor, patient_id: uuid.UUID) -> bool:
    """Whether the actor may mark what others wrote as entered in error, through glass that is open now."""
    if GLASS not in actor.scopes(Perm.VOID):
        return False
    return connection.scalar(select(open_glass(actor)).where(Patient.id == patient_id)) is not None


def may_by_glass(actor: Actor, permission: Permission, *, only_adds: bool) -> bool:
    """Whether a change may be made through broken glass: adding and, for those who hold it so, voiding."""
    return only_adds or (permission == Perm.VOID and GLASS in actor.scopes(permission))
