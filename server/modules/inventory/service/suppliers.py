"""Rules of suppliers: names are unique whatever their capitals, and nobody whom was bought from is ever removed."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import select

from server.core.columns import ANY_VERSION, Expected
from server.core.db import db
from server.core.errors import NotFound, refused
from server.core.fields import normal_form
from server.modules.inventory.models import Supplier


def add(**fields: Any) -> Supplier:
    """Add a supplier."""
    supplier = Supplier(**fields, name_key=name_key(fields["name"]))
    db.session.add(supplier)
    db.session.flush()
    return supplier


def change(*, supplier_id: uuid.UUID, expected: Expected = ANY_VERSION, **changes: Any) -> Supplier:
    """Change what is sent of a supplier."""
    supplier = _locked(supplier_id)
    supplier.require(expected)
    for name, value in changes.items():
        setattr(supplier, name, value)
    supplier.name_key = name_key(supplier.name)
    db.session.flush()
    return supplier


def deactivate(*, supplier_id: uuid.UUID, expected: Expected = ANY_VERSION) -> None:
    """Buy no more of a supplier; what was bought of them keeps its name. Again, it changes nothing."""
    supplier = _locked(supplier_id)
    if not supplier.is_active:
        return
    supplier.require(expected)
    supplier.is_active = False
    db.session.flush()


def require_in_use(supplier_id: uuid.UUID) -> None:
    """Raise a 422 unless this is a supplier that is bought from."""
    if not is_in_use(supplier_id):
        raise refused("supplier_id", why="There is no such supplier in use.")


def is_in_use(supplier_id: uuid.UUID) -> bool:
    """Whether this is a supplier that is bought from."""
    is_there = select(Supplier.id).where(Supplier.id == supplier_id, Supplier.is_active)
    return db.session.scalar(is_there) is not None


def name_key(name: str) -> str:
    """Return the name as it is compared."""
    return " ".join(normal_form(name).split())


def _locked(supplier_id: uuid.UUID) -> Supplier:
    supplier = db.session.get(Supplier, supplier_id, with_for_update=True, populate_existing=True)
    if supplier is None:
        raise NotFound
    return supplier
