"""The shapes of signing in."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields, pre_load, validate

from server.core import fields as f
from server.core.schema import Body
from server.modules.auth.schemas.secrets import DeviceToken, Password
from server.modules.users.schemas import UserOut


class LoginIn(Body):
    """Sign in by e-mail or user name; `email` and `username` are accepted for `identifier`."""

    published: ClassVar[dict[str, Any]] = {
        "oneOf": [{"required": [name]} for name in ("identifier", "email", "username")],
    }

    identifier = fields.String(validate=validate.Length(1, 254))
    email = fields.String(validate=validate.Length(1, 254))
    username = fields.String(validate=validate.Length(1, 254))
    password = Password(required=True)
    otp = fields.String(
        validate=validate.Length(1, 40), metadata={"description": "The code of the second factor, or a recovery code."}
    )
    device_token = DeviceToken()
    cookie = f.Flag(load_default=False, metadata={"description": "Keep the refresh token in a cookie."})

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
    """A session's tokens and its user; lives are in seconds. A session of cookies has `csrf_token` in their place."""

    refresh_token = fields.String()
    csrf_token = fields.String()
    device_token = fields.String(
        required=True, allow_none=True, metadata={"description": "Sent again at sign-in, marks a known device."}
    )
    refresh_expires_in = fields.Integer(required=True)
    session_id = fields.UUID(required=True)
    user = fields.Nested(UserOut, required=True)


class RefreshIn(Body):
    """A refresh token; browsers send theirs as a cookie."""

    refresh_token = fields.String(validate=validate.Length(1, 4096))


class LogoutIn(Body):
    """The refresh token, where no token is sent in the header."""

    refresh_token = fields.String(validate=validate.Length(1, 4096))
