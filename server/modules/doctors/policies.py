"""Who may do what with doctors, specialties and the clinic; the public catalogue needs no permission."""

from __future__ import annotations

from server.core.access import Grants, Permission, Scope, everyone, row

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
