"""How secrets are read."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

_SECRET_LENGTH = validate.Length(1, 1024)


class Password(fields.String):
    """A secret; it is never stored, logged or answered."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=_SECRET_LENGTH, load_only=True, metadata={"format": "password"}, **kwargs)


class DeviceToken(fields.String):
    """The token that an earlier sign-in on this device was given."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=validate.Length(1, 200), load_only=True, **kwargs)
