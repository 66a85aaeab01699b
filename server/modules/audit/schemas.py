"""The shapes of the audit log."""

from __future__ import annotations

import uuid
from typing import Any

from marshmallow import Schema, fields, validate

from server.core import fields as f
from server.core.schema import ListQuery, Query, SortKeys, TextInt
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


_RANGE: dict[str, fields.Field[Any]] = {"from": f.Instant(), "to": f.Instant()}
_FILTERS: dict[str, fields.Field[Any]] = {
    **_RANGE,
    "actor_id": f.Id(),
    "action": f.Line(most=60),
    "object_type": f.Line(most=60),
    "object_id": f.Id(),
    "patient_id": f.Id(),
    "outcome": fields.String(validate=validate.OneOf(["success", "denied", "failed"])),
    "request_id": f.Id(),
}

AuditQuery = _Between.from_dict(dict(_FILTERS), name="AuditQuery")

ActivityQuery = _Between.from_dict(
    {**_RANGE, "user_id": f.Id(), "activity_type": fields.String(validate=validate.OneOf(ACTIVITY_TYPES))},
    name="ActivityQuery",
)

ExportQuery = Query.from_dict(
    {**_FILTERS, "format": fields.String(load_default="csv", validate=validate.OneOf(["csv", "ndjson"]))},
    name="ExportQuery",
)


class IntegrityQuery(Query):
    """Where to begin."""

    from_seal = TextInt(load_default=1, validate=validate.Range(1), metadata={"description": "`next_seal` of before."})


class ProblemOut(Schema):
    """Something in the log that is not as it was sealed."""

    kind = fields.String()
    message = fields.String()
    seal = fields.Integer(allow_none=True)
    audit_log_id = fields.UUID(allow_none=True)


class IntegrityOut(Schema):
    """What was checked, and what is not as it was sealed."""

    ok = fields.Boolean(
        allow_none=True, metadata={"description": "Null: nothing was found so far, but not all was looked at."}
    )
    checked_rows = fields.Integer()
    checked_seals = fields.Integer()
    unsealed_rows = fields.Integer()
    retired_rows = fields.Integer()
    next_seal = fields.Integer(allow_none=True, metadata={"description": "Go on here: this ended early."})
    problems = fields.List(fields.Nested(ProblemOut))
