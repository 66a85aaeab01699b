"""Who may see, keep and move stock; some only medication, some only supplies and equipment."""

from __future__ import annotations

from collections.abc import Mapping

from server.core.access import Actor, Grants, Permission, Role, Scope, row
from server.core.errors import Forbidden
from server.modules.inventory.enums import ItemKind

ALL, MED, SUP = Scope.ALL, Scope.MEDICATION, Scope.SUPPLIES


class Perm(Permission):
    """Permissions of this module."""

    ITEMS_READ = "items:read"
    CATEGORIES_READ = "categories:read"
    SUPPLIERS_READ = "suppliers:read"
    ITEMS_MANAGE = "items:manage"
    ORDERS_MANAGE = "orders:manage"
    CATEGORIES_MANAGE = "categories:manage"
    SUPPLIERS_MANAGE = "suppliers:manage"
    READ = "stock:read"
    RECEIVE = "stock:receive"
    ADJUST = "stock:adjust"
    DISCARD = "stock:discard"
    COUNT = "stock:count"
    LOTS_MANAGE = "lots:manage"
    RECALLS_PATIENTS = "recalls:patients"
    RECONCILE = "stock:reconcile"
    CONTROLLED_WITNESS = "controlled:witness"


_STAFF: Mapping[Role, Scope] = {role: ALL for role in Role if role != Role.PATIENT}
_MOVES = row(A=SUP, T=SUP, PM=ALL)

GRANTS: Grants = {
    Perm.ITEMS_READ: _STAFF,
    Perm.CATEGORIES_READ: _STAFF,
    Perm.SUPPLIERS_READ: _STAFF,
    Perm.ITEMS_MANAGE: row(A=ALL, T=SUP, PM=ALL),
    Perm.ORDERS_MANAGE: row(A=ALL, T=SUP, PM=ALL),
    Perm.CATEGORIES_MANAGE: row(A=ALL, T=ALL, Ph=ALL, PM=ALL, PT=ALL),
    Perm.SUPPLIERS_MANAGE: row(A=ALL, T=ALL, PM=ALL),
    Perm.READ: row(A=ALL, T=SUP, Ph=ALL, PM=ALL, PT=ALL),
    Perm.RECEIVE: _MOVES,
    Perm.ADJUST: _MOVES,
    Perm.DISCARD: _MOVES,
    Perm.COUNT: row(A=SUP, T=SUP, Ph=MED, PM=ALL, PT=MED),
    Perm.LOTS_MANAGE: row(A=SUP, T=SUP, Ph=MED, PM=ALL),
    Perm.RECALLS_PATIENTS: row(Ph=ALL, PM=ALL),
    Perm.RECONCILE: row(A=ALL, PM=ALL),
    Perm.CONTROLLED_WITNESS: row(Ph=ALL, PM=ALL, PT=ALL),
}

_MEDICATION = frozenset({ItemKind.MEDICATION})
_SUPPLIES = frozenset({ItemKind.SUPPLY, ItemKind.EQUIPMENT})
_KINDS = {ALL: frozenset(ItemKind), MED: _MEDICATION, SUP: _SUPPLIES}


def kinds(actor: Actor, permission: Permission) -> frozenset[ItemKind]:
    """Return of which kinds of items the permission reaches the stock; what is of another kind is not there (404)."""
    return frozenset().union(*(_KINDS[scope] for scope in actor.scopes(permission)))


def require_kind(actor: Actor, permission: Permission, kind: str) -> None:
    """Raise `Forbidden` unless the permission reaches items of a kind; for what is not there yet."""
    actor.require(permission)
    if kind not in kinds(actor, permission):
        raise Forbidden(f"Your permission {permission} does not reach items of the kind {kind}.")
