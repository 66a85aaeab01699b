"""The shapes of signing in."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields, pre_load, validate

from server.core import fields as f
from server.core.schema import Body, ListQuery, SortKeys
from server.modules.users.schemas import UserOut

_SECRET_LENGTH = validate.Length(1, 1024)


class Password(fields.String):
    """A secret; it is never stored, logged or answered."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=_SECRET_LENGTH, load_only=True, metadata={"format": "password"}, **kwargs)


class LoginIn(Body):
    """Sign in by e-mail or user name; `email` and `username` are accepted for `identifier`."""

    published: ClassVar[dict[str, Any]] = {
        "oneOf": [{"required": [name]} for name in ("identifier", "email", "username")],
    }

    identifier = fields.String(validate=validate.Length(1, 254))
    email = fields.String(validate=validate.Length(1, 254))
    username = fields.String(validate=validate.Length(1, 254))
    password = Password(required=True)

    @pre_load
    def _one_identifier(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        given = [name for name in ("identifier", "email", "username") if name in data]
        if len(given) != 1:
            raise ValidationError({"identifier": ["Give one of identifier, email, username."]})
        return {**{k: v for k, v in data.items() if k not in given}, "identifier": data[given[0]]}


class TokenIn(Body):
    """The OAuth2 password form (RFC 6749, section 4.3)."""

    grant_type = fields.String(load_default="password", validate=validate.OneOf(["password", ""]))
    username = fields.String(required=True, validate=validate.Length(1, 254))
    password = Password(required=True)
    scope = fields.String(load_default="")
    client_id = fields.String(load_default="")
    client_secret = fields.String(load_default="")


class TokenOut(Schema):
    """The plain OAuth2 answer."""

    access_token = fields.String(required=True)
    token_type = fields.String(required=True)
    expires_in = fields.Integer(required=True)
    refresh_token = fields.String(required=True)


class SignInOut(TokenOut):
    """A session's tokens and its user; lives are in seconds."""

    refresh_expires_in = fields.Integer(required=True)
    session_id = fields.UUID(required=True)
    user = fields.Nested(UserOut, required=True)


class RefreshIn(Body):
    """A refresh token."""

    refresh_token = fields.String(required=True, validate=validate.Length(1, 4096))


class LogoutIn(Body):
    """The refresh token, where no token is sent in the header."""

    refresh_token = fields.String(validate=validate.Length(1, 4096))


class ChangePasswordIn(Body):
    """One's present and new password."""

    current_password = Password(required=True)
    new_password = Password(required=True)


class AcceptInvitationIn(Body):
    """The token of an invitation mail and the password to set: 12 to 128 characters, not built from one's name."""

    token = fields.String(required=True, validate=validate.Length(1, 200))
    password = Password(required=True)


class MePatch(Body):
    """What one changes of one's own account."""

    first_name = f.Line(most=100)
    last_name = f.Line(most=100)
    phone = f.Phone(allow_none=True)
    language = f.Language(allow_none=True)


class MeOut(UserOut):
    """One's own account and what one may do."""

    permissions = fields.List(fields.String(), required=True)
    patient_id = fields.UUID(metadata={"description": "One's own chart, where there is one."})


class SessionOut(Schema):
    """One of one's own sessions."""

    id = fields.UUID(required=True)
    user_agent = fields.String(required=True)
    address = fields.String(required=True)
    created_at = f.Instant(required=True)
    last_used_at = f.Instant(required=True)
    is_current = fields.Boolean(required=True)


class SessionQuery(ListQuery):
    """A page of one's own sessions."""

    sort = SortKeys("last_used_at", "created_at")


class ClaimsOut(Schema):
    """What an access token stands for."""

    user_id = fields.UUID(required=True)
    session_id = fields.UUID(required=True)
    roles = fields.List(fields.String(), required=True)
    expires_at = f.Instant(required=True)
