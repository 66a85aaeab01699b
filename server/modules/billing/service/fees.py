"""Rules of the fee schedule: codes are unique, and what was priced by it keeps the price that it had then."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from server.core.columns import Expected
from server.core.db import db
from server.core.errors import NotFound, refused
from server.core.fields import normal_form
from server.core.search import search_text
from server.core.text import fold, fold_key
from server.modules.billing.models import Service


def add(**fields: Any) -> Service:
    """Put a service on the fee schedule."""
    service = Service()
    if fields.get("id"):
        service.id = fields.pop("id")
    _write(service, fields)
    db.session.add(service)
    db.session.flush()
    return service


def change(*, service_id: uuid.UUID, expected: Expected, **changes: Any) -> Service:
    """Change a service; what was planned or charged before keeps its name and price."""
    service = _locked(service_id)
    service.require(expected)
    _write(service, changes)
    db.session.flush()
    return service


def deactivate(*, service_id: uuid.UUID, expected: Expected) -> None:
    """Take a service off the schedule: nothing new is priced by it. Again, it changes nothing."""
    service = _locked(service_id)
    if not service.is_active:
        return
    service.require(expected)
    service.is_active = False
    db.session.flush()


def priced(service_id: uuid.UUID) -> Service:
    """Return the service by which something is priced, or raise a 422 where it is not, or no more, on the schedule."""
    service = db.session.get(Service, service_id)
    if service is None or not service.is_active:
        raise refused("service_id", why="There is no such service on the fee schedule.")
    return service


def _locked(service_id: uuid.UUID) -> Service:
    service = db.session.get(Service, service_id, with_for_update=True)
    if service is None:
        raise NotFound
    return service


def _write(service: Service, changes: Mapping[str, Any]) -> None:
    for name, value in changes.items():
        setattr(service, name, value)
    # Codes are told apart by every sign of theirs; only capitals do not count.
    service.code_key = normal_form(service.code)
    service.name_key = fold_key(service.name)
    service.search_text = search_text(fold(service.code), fold(service.name))
