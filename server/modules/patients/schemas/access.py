"""The shapes of contacts, proxies, broken glass and the access log."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from server.core import clock, fields as f
from server.core.people import full_name
from server.core.schema import Body, ListQuery, Out, SortKeys
from server.modules.patients.enums import ContactKind, ProxyScope, scopes_of
from server.modules.patients.told import what_was_done


def _is_ahead(at: datetime) -> None:
    if at <= clock.now():
        raise ValidationError("Must be in the future.")


def _distinct(scopes: list[str]) -> None:
    if len(set(scopes)) != len(scopes):
        raise ValidationError("Each scope may be named once.")


class ContactIn(Body):
    """Somebody to call, or who answers for the patient."""

    kind = f.Choice(ContactKind, required=True)
    name = f.Line(most=200, required=True)
    relationship = f.Line(most=100, required=True)
    phone = f.Phone(required=True)
    email = f.Email(allow_none=True, load_default=None)
    user_id = f.Id(allow_none=True, load_default=None)


class ContactCreate(ContactIn):
    """A new contact."""

    id = f.Id()


class ProxyIn(Body):
    """What a contact may do in the patient's name, and until when."""

    scopes = fields.List(f.Choice(ProxyScope), required=True, validate=[validate.Length(1, len(ProxyScope)), _distinct])
    expires_at = f.Instant(allow_none=True, load_default=None, validate=_is_ahead)


_PROXY = ("proxy_id", "may_view", "may_book", "may_message", "may_pay", "proxy_expires_at", "proxy_revoked_at")


def _proxy(proxy_id: uuid.UUID | None, *rest: Any) -> dict[str, Any] | None:
    *may, expires_at, revoked_at = rest
    shown = {"scopes": scopes_of(*may), "expires_at": expires_at, "revoked_at": revoked_at}
    return shown if proxy_id else None


class ContactOut(Out):
    """A contact; `proxy` says what they may do in the patient's name, or might until it was revoked."""

    patient_id = fields.UUID(required=True)
    kind = fields.String(required=True, metadata={"enum": list(ContactKind)})
    name = fields.String(required=True)
    relationship = fields.String(required=True)
    phone = fields.String(required=True)
    email = fields.String(required=True, allow_none=True)
    user_id = fields.UUID(required=True, allow_none=True)
    proxy = f.Computed(_proxy, *_PROXY, metadata={"type": ["object", "null"]})
    ended_at = f.Instant(required=True, allow_none=True)


class ContactQuery(ListQuery):
    """A page of contacts."""

    sort = SortKeys("created_at")


class GlassIn(Body):
    """Why a chart must be opened."""

    reason = f.Paragraphs(most=1000, required=True)


class GlassOut(Body):
    """A chart that is open, and until when."""

    id = fields.UUID(required=True)
    patient_id = fields.UUID(required=True)
    expires_at = f.Instant(required=True)


def _actor(actor_id: uuid.UUID, first: str, last: str, roles: list[str]) -> dict[str, Any]:
    return {"id": actor_id, "name": full_name(first, last), "roles": roles}


def _glass(reason: str | None) -> dict[str, Any] | None:
    return {"reason": reason} if reason is not None else None


class AccessOut(Schema):
    """One time that somebody opened the chart, or changed something in it."""

    id = fields.UUID(required=True)
    at = f.Instant(required=True)
    actor = f.Computed(_actor, "actor_id", "first_name", "last_name", "actor_roles", metadata={"type": "object"})
    what = f.Computed(
        what_was_done, "action", metadata={"type": "string", "example": "Vital signs: read", "description": "In words."}
    )
    action = fields.String(required=True)
    route = fields.String(required=True)
    break_glass = f.Computed(_glass, "reason", metadata={"type": ["object", "null"]})
    on_behalf_of = fields.UUID(required=True, allow_none=True)


class _AccessQuery(ListQuery):
    sort = SortKeys("at")


AccessQuery = _AccessQuery.from_dict(
    {"from": f.Instant(), "to": f.Instant(), "action": f.Line(most=60), "actor_id": f.Id()}, name="AccessQuery"
)
