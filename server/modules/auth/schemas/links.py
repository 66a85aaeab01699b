"""The shapes of what mailed links open, and of asking for one."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, pre_load, validate

from server.core import fields as f
from server.core.people import Sex
from server.core.schema import Body, with_two_names
from server.modules.auth.schemas.secrets import DeviceToken, Password
from server.modules.users.schemas import Username


class LinkToken(fields.String):
    """The token of a mailed link."""

    def __init__(self) -> None:
        super().__init__(required=True, load_only=True, validate=validate.Length(1, 200))


class RegisterIn(Body):
    """A new patient's account; `name` is accepted for the two names."""

    email = f.Email(required=True)
    password = Password(required=True)
    first_name = f.Line(most=100, required=True)
    last_name = f.Line(most=100, required=True)
    name = f.Line(most=201, metadata={"writeOnly": True})
    date_of_birth = f.BirthDate(required=True)
    sex = f.Choice(Sex, load_default=Sex.UNKNOWN)
    phone = f.Phone(allow_none=True, load_default=None)
    username = Username(allow_none=True, load_default=None)

    @pre_load
    def _accept_one_name(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        return with_two_names(data)


class AcceptInvitationIn(Body):
    """The token of an invitation mail and the password to set: 12 to 128 characters, not built from one's name.

    An invitation to the portal that went to the address of an open account takes that account's present password.
    """

    token = LinkToken()
    password = Password(required=True)
    device_token = DeviceToken()
    cookie = f.Flag(load_default=False, metadata={"description": "Keep the refresh token in a cookie."})


class EmailIn(Body):
    """The address that a mail is asked for."""

    email = f.Email(required=True)


class VerifyEmailIn(Body):
    """The token of a mail that asks to confirm an address."""

    token = LinkToken()


class ResetPasswordIn(Body):
    """The token of a reset mail and the password to set."""

    token = LinkToken()
    new_password = Password(required=True)
