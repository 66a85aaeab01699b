"""Write the row of a request: one INSERT, in the transaction of the change or right before a read is answered."""

from __future__ import annotations

from sqlalchemy import Connection

from server.core.ids import new_id
from server.core.trail import Trail, record_with
from server.core.upserts import PlainInsert
from server.modules.audit.models import AuditLog

DENIED = frozenset({401, 403})
_insert = PlainInsert(AuditLog.__table__)


def install() -> None:
    """Take over the recording of requests."""
    record_with(write)


def outcome_of(status: int) -> str:
    """Return how a status is recorded: success, denied (401, 403) or failed."""
    if status < 400:
        return "success"
    return "denied" if status in DENIED else "failed"


def write(connection: Connection, trail: Trail, status: int) -> None:
    """Insert the row of this trail."""
    succeeded = status < 400
    _insert(
        connection,
        {
            "id": new_id(),
            "at": trail.at,
            "request_id": trail.request_id,
            "actor_id": trail.actor_id,
            "actor_roles": sorted(trail.actor.roles) if trail.actor else [],
            "session_id": trail.actor.session_id if trail.actor else trail.session_id,
            "address": trail.address[:64],
            "method": trail.method[:10],
            "route": trail.route[:200],
            "action": trail.action,
            "object_type": trail.object_type,
            "object_id": trail.object_id,
            "patient_id": trail.patient_id,
            "outcome": outcome_of(status),
            "status": status,
            "duration_ms": trail.duration_ms,
            "changed": sorted(trail.changed) if succeeded else [],
            "values_before": trail.values_before or None if succeeded else None,
            "values_after": trail.values_after or None if succeeded else None,
            "version_before": trail.version_before if succeeded else None,
            "version_after": trail.version_after if succeeded else None,
            "object_ids": trail.object_ids,
            "object_count": trail.object_count,
            "note": trail.note,
            "break_glass_id": trail.break_glass_id,
            "on_behalf_of": trail.on_behalf_of,
        },
    )
