"""The shapes of the audit log."""

from __future__ import annotations

import uuid
from typing import Any

from marshmallow import Schema, fields, validate

from server.core import fields as f
from server.core.schema import ListQuery, SortKeys
from server.modules.audit.enums import ACTIVITY_TYPES


def _actor(actor_id: uuid.UUID | None, roles: list[str]) -> dict[str, Any] | None:
    return {"id": actor_id, "roles": roles} if actor_id else None


class AuditOut(Schema):
    """One request as it was recorded."""

    id = fields.UUID(required=True)
    at = f.Instant(required=True)
    request_id = fields.UUID()
    actor = f.Computed(_actor, "actor_id", "actor_roles", metadata={"type": ["object", "null"]})
    session_id = fields.UUID(allow_none=True)
    address = fields.String()
    method = fields.String()
    route = fields.String()
    action = fields.String()
    object_type = fields.String()
    object_id = fields.UUID(allow_none=True)
    patient_id = fields.UUID(allow_none=True)
    outcome = fields.String(metadata={"enum": ["success", "denied", "failed"]})
    status = fields.Integer()
    duration_ms = fields.Integer()
    changed = fields.List(fields.String())
    values_before = fields.Dict(allow_none=True)
    values_after = fields.Dict(allow_none=True)
    version_before = fields.Integer(allow_none=True)
    version_after = fields.Integer(allow_none=True)
    object_ids = fields.List(fields.String())
    object_count = fields.Integer(allow_none=True)
    note = fields.String()
    break_glass_id = fields.UUID(allow_none=True)
    on_behalf_of = fields.UUID(allow_none=True)


class ActivityOut(Schema):
    """One thing that a user did."""

    id = fields.UUID(required=True)
    at = f.Instant(required=True)
    user_id = fields.UUID()
    activity_type = fields.String(metadata={"enum": list(ACTIVITY_TYPES)})
    action = fields.String()
    object_type = fields.String()
    object_id = fields.UUID(allow_none=True)
    status = fields.Integer()


class _Between(ListQuery):
    sort = SortKeys("at")


_RANGE = {"from": f.Instant(), "to": f.Instant()}

AuditQuery = _Between.from_dict(
    {
        **_RANGE,
        "actor_id": f.Id(),
        "action": f.Line(most=60),
        "object_type": f.Line(most=60),
        "object_id": f.Id(),
        "patient_id": f.Id(),
        "outcome": fields.String(validate=validate.OneOf(["success", "denied", "failed"])),
        "request_id": f.Id(),
    },
    name="AuditQuery",
)

ActivityQuery = _Between.from_dict(
    {**_RANGE, "user_id": f.Id(), "activity_type": fields.String(validate=validate.OneOf(ACTIVITY_TYPES))},
    name="ActivityQuery",
)
