"""Prove the witness whom a body names before the unit of work is opened."""

from __future__ import annotations

import uuid

from flask import request

from server.core.resource import Resource
from server.modules.inventory.service import witness


def witness_of(resource: Resource) -> uuid.UUID | None:
    """Return who stands by, or None where the body names nobody; for `before_post` and its like."""
    sent = resource.body.get("witness")
    return witness.prove(sent, actor=resource.actor, address=request.remote_addr or "")
