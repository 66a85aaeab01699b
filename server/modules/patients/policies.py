"""Who may see and change which patients."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, exists, false, or_, true
from sqlalchemy.sql import ColumnElement

from server.core import clock
from server.core.access import Actor, Grants, Permission, Role, Scope, row
from server.modules.patients.models import CareRelation, Patient

ALL, REL, OWN, CARD, GLASS = Scope.ALL, Scope.RELATED, Scope.OWN, Scope.CARD, Scope.BROKEN_GLASS

# Relations with an audience instead of one person reach whoever holds one of these roles.
AUDIENCES = {"nurses and technicians": frozenset({Role.NURSE, Role.TECHNICIAN})}


class Perm(Permission):
    """Permissions of this module."""

    READ = "patients:read"
    LOOKUP = "patients:lookup"
    REGISTER = "patients:register"
    UPDATE = "patients:update"
    DEACTIVATE = "patients:deactivate"
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
    Perm.CARE_TEAM_READ: row(A=ALL, D=REL, N=REL, Pt=OWN),
    Perm.CARE_TEAM_MANAGE: row(A=ALL, D=REL),
    Perm.CHART_READ: row(A=GLASS, D=REL, N=REL, Pt=OWN),
    Perm.HISTORY_WRITE: row(D=REL, N=REL),
    Perm.CONDITIONS_WRITE: row(D=REL, N=REL),
    Perm.ALLERGIES_WRITE: row(D=REL, N=REL),
    Perm.ALLERGIES_READ: row(A=GLASS, D=REL, N=REL, T=REL, Ph=ALL, PM=ALL, PT=ALL, Pt=OWN),
    Perm.VOID: row(A=GLASS, D=OWN, N=OWN, T=OWN),
}

# On one's own chart one is a patient; these verbs are never one's own to do.
CLINICAL = frozenset(
    {Perm.HISTORY_WRITE, Perm.CONDITIONS_WRITE, Perm.ALLERGIES_WRITE, Perm.VOID, Perm.CHART_READ, Perm.ALLERGIES_READ}
)


def related(actor: Actor) -> ColumnElement[bool]:
    """Return "a live care relation joins this patient and the actor": one indexed EXISTS."""
    now = clock.now()
    audiences = [name for name, roles in AUDIENCES.items() if roles & actor.roles]
    holder: ColumnElement[bool] = CareRelation.user_id == actor.user_id
    if audiences:
        holder = or_(holder, CareRelation.audience.in_(audiences))
    return exists().where(
        CareRelation.patient_id == Patient.id,
        holder,
        CareRelation.starts_at <= now,
        or_(CareRelation.ends_at.is_(None), CareRelation.ends_at > now),
    )


def reaches(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """Return "the permission reaches this patient" for the actor; an empty scope reaches none."""
    scopes = actor.scopes(permission)
    if scopes & {ALL, CARD}:
        return true()
    conditions: list[ColumnElement[bool]] = []
    # clinical:void is granted on own entries, of patients in relation
    if REL in scopes or (permission == Perm.VOID and OWN in scopes):
        conditions.append(related(actor))
    if OWN in scopes and permission != Perm.VOID:
        conditions.append(Patient.user_id == actor.user_id)
    return or_(*conditions) if conditions else false()


def shows_all(actor: Actor) -> ColumnElement[bool]:
    """Return "the actor may see more of this patient than the identity card", row by row."""
    scopes = actor.scopes(Perm.READ)
    if ALL in scopes:
        return true()
    conditions = []
    if REL in scopes:
        conditions.append(related(actor))
    if OWN in scopes:
        conditions.append(Patient.user_id == actor.user_id)
    return or_(*conditions) if conditions else false()


def visible(stmt: Select[Any], actor: Actor, permission: Permission) -> Select[Any]:
    """Keep the patients that the permission reaches."""
    return stmt.where(reaches(actor, permission))
