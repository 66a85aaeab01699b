"""Who may do what with doctors, specialties and the clinic; the public catalogue needs no permission."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, false, or_, true
from sqlalchemy.sql import ColumnElement

from server.core.access import Actor, Grants, Permission, Scope, everyone, row
from server.modules.doctors.enums import DoctorStatus
from server.modules.doctors.models import Doctor

ALL, OWN = Scope.ALL, Scope.OWN


class Perm(Permission):
    """Permissions of this module."""

    MANAGE = "doctors:manage"
    PROFILE = "doctors:profile"
    SPECIALTIES_MANAGE = "specialties:manage"
    CLINIC_MANAGE = "clinic:manage"
    CLINIC_READ = "clinic:read"
    FAVORITES = "favorites:manage"


GRANTS: Grants = {
    Perm.MANAGE: row(A=ALL),
    Perm.PROFILE: row(D=OWN),
    Perm.SPECIALTIES_MANAGE: row(A=ALL),
    Perm.CLINIC_MANAGE: row(A=ALL),
    Perm.CLINIC_READ: everyone(ALL),
    Perm.FAVORITES: row(Pt=OWN),
}


def shows_all(viewer: Actor | None) -> ColumnElement[bool]:
    """Return "this viewer sees the account and the licence": admins of all doctors, doctors their own."""
    if viewer is None:
        return false()
    if Scope.ALL in viewer.scopes(Perm.MANAGE):
        return true()
    return Doctor.user_id == viewer.user_id if viewer.can(Perm.PROFILE) else false()


def visible(stmt: Select[Any], viewer: Actor | None) -> Select[Any]:
    """Narrow a statement on doctors to those whom the viewer may see: the active, and whom they see wholly."""
    return stmt.where(or_(Doctor.status == DoctorStatus.ACTIVE, shows_all(viewer)))
