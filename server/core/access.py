"""Decide who may do what: roles hold permissions, each within a scope of rows. Modules bring the grants."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from server.core.errors import Forbidden


class Role(StrEnum):
    """What a user can be; a user has one or more. Only GRANTS tables speak of roles, rules ask for permissions."""

    ADMIN = "admin"
    DOCTOR = "doctor"
    NURSE = "nurse"
    RECEPTIONIST = "receptionist"
    TECHNICIAN = "technician"
    PHARMACIST = "pharmacist"
    PHARMACY_MANAGER = "pharmacy_manager"
    PHARMACY_TECHNICIAN = "pharmacy_technician"
    CASHIER = "cashier"
    PATIENT = "patient"


class Scope(StrEnum):
    """Which rows a permission reaches."""

    ALL = "all"
    RELATED = "rel"
    OWN = "own"
    # Entries that one wrote oneself, in charts that a care relation opens: what `own` means for staff on chart rows.
    AUTHORED = "own entries"
    CARD = "min"
    # Of what is in stock: medication, or supplies and equipment.
    MEDICATION = "med"
    SUPPLIES = "sup"
    BROKEN_GLASS = "glass"


class Permission(StrEnum):
    """The base of each module's `Perm`."""


class Public(StrEnum):
    """The declaration of what anyone may call."""

    PUBLIC = "public"


PUBLIC = Public.PUBLIC

Grants = Mapping[Permission, Mapping[Role, Scope]]

_COLUMNS = {
    "A": Role.ADMIN,
    "D": Role.DOCTOR,
    "N": Role.NURSE,
    "R": Role.RECEPTIONIST,
    "T": Role.TECHNICIAN,
    "Ph": Role.PHARMACIST,
    "PM": Role.PHARMACY_MANAGER,
    "PT": Role.PHARMACY_TECHNICIAN,
    "C": Role.CASHIER,
    "Pt": Role.PATIENT,
}


def row(**cells: Scope) -> Mapping[Role, Scope]:
    """Return one row of the grid; the columns are A D N R T Ph PM PT C Pt, a missing one grants nothing."""
    return {_COLUMNS[column]: scope for column, scope in cells.items()}


def everyone(scope: Scope) -> Mapping[Role, Scope]:
    """Return a row in which every role has `scope`."""
    return dict.fromkeys(Role, scope)


@dataclass(frozen=True, eq=False)
class Grid:
    """All grants of all modules; each application has one."""

    cells: dict[Permission, Mapping[Role, Scope]] = field(default_factory=dict)
    _found: dict[tuple[Permission, frozenset[Role]], frozenset[Scope]] = field(default_factory=dict)

    def add(self, grants: Grants) -> None:
        """Take in the grants of one module."""
        self._found.clear()
        for permission, cells in grants.items():
            if permission in self.cells:
                raise RuntimeError(f"{permission} is granted twice")
            self.cells[permission] = cells

    def scopes(self, permission: Permission, roles: Iterable[Role]) -> frozenset[Scope]:
        """Return the scopes that `roles` have for `permission`; none means forbidden."""
        asked = (permission, frozenset(roles))
        found = self._found.get(asked)
        if found is None:
            cells = self.cells[permission]
            found = self._found[asked] = frozenset(cells[role] for role in asked[1] if role in cells)
        return found

    def of(self, roles: Iterable[Role]) -> list[str]:
        """Return the names of all permissions that `roles` have."""
        held = set(roles)
        return sorted(str(permission) for permission, cells in self.cells.items() if held & cells.keys())


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes this request: a signed-in user, their session and what their roles grant now."""

    user_id: uuid.UUID
    session_id: uuid.UUID
    roles: frozenset[Role]
    grid: Grid

    def scopes(self, permission: Permission) -> frozenset[Scope]:
        """Return the rows that `permission` reaches for this actor; empty when it is not held."""
        return self.grid.scopes(permission, self.roles)

    def can(self, permission: Permission) -> bool:
        """Whether the actor holds `permission` at all."""
        return bool(self.scopes(permission))

    def require(self, permission: Permission, *others: Permission) -> None:
        """Raise `Forbidden` unless the actor holds `permission`, or one of the others."""
        if not any(self.can(one) for one in (permission, *others)):
            raise Forbidden(f"This needs the permission {' or '.join((permission, *others))}.")
