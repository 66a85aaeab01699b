"""The shapes of accounts."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate

from server.core import fields as f
from server.core.access import Role
from server.core.schema import Body, ListQuery, Out, SearchText, SortKeys
from server.modules.users.enums import UserStatus


def _split_roles(names: str | None) -> list[str]:
    return sorted(names.split(",")) if names else []


def _distinct(roles: list[str]) -> None:
    if len(set(roles)) != len(roles):
        raise ValidationError("Each role may be named once.")


class UserOut(Out):
    """An account; never its password."""

    email = fields.String(required=True)
    username = fields.String(required=True, allow_none=True)
    first_name = fields.String(required=True)
    last_name = fields.String(required=True)
    phone = fields.String(required=True, allow_none=True)
    language = fields.String(required=True, allow_none=True)
    roles = f.Computed(
        _split_roles, "role_names", metadata={"type": "array", "items": {"type": "string", "enum": list(Role)}}
    )
    status = fields.String(required=True, metadata={"enum": list(UserStatus)})
    email_verified_at = f.Instant(required=True, allow_none=True)
    mfa_enabled = fields.Boolean(required=True)
    last_login_at = f.Instant(required=True, allow_none=True)


class Username(fields.String):
    """A name to sign in by."""

    def __init__(self, **kwargs: Any) -> None:
        pattern = r"^[A-Za-z0-9][A-Za-z0-9._-]{2,63}$"
        super().__init__(validate=f.Matches(pattern, error="3 to 64 letters, digits, . _ -"), **kwargs)


class UserPut(Body):
    """What an admin writes of an account."""

    email = f.Email(required=True)
    username = Username(load_default=None, allow_none=True)
    first_name = f.Line(most=100, required=True)
    last_name = f.Line(most=100, required=True)
    phone = f.Phone(load_default=None, allow_none=True)
    language = f.Language(load_default=None, allow_none=True)
    roles = fields.List(f.Choice(Role), required=True, validate=[validate.Length(1, len(Role)), _distinct])


class UserIn(UserPut):
    """A new account; `id` may be brought by a client that works offline."""

    id = f.Id()


class UserQuery(ListQuery):
    """Filters of the list of accounts."""

    q = SearchText()
    role = f.Choice(Role)
    status = f.Choice(UserStatus)
    sort = SortKeys("last_name", "created_at", "email")
