"""Base schemas: bodies refuse what they do not know, queries come from text, answers only dump."""

from __future__ import annotations

from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from server.core import fields as f
from server.core.people import split_name


class Body(Schema):
    """The JSON object of a request; the names in `never_null` aside, `null` clears an optional field."""

    class Meta:
        unknown = RAISE

    error_messages = {"unknown": "Unknown field."}  # noqa: RUF012 - marshmallow reads it per instance


class Query(Schema):
    """The query parameters of a request."""

    class Meta:
        unknown = RAISE

    error_messages = {"unknown": "Unknown parameter."}  # noqa: RUF012 - marshmallow reads it per instance


class TextInt(fields.Integer):
    """A whole number written as a query parameter."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        digits = value.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 9):
            raise self.make_error("invalid")
        return int(value)


class TextFlag(fields.Boolean):
    """`true` or `false` written as a query parameter."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if value not in ("true", "false"):
            raise ValidationError("Expected true or false.")
        return bool(value == "true")


class ListQuery(Query):
    """What every list takes; each list adds `sort` and its filters."""

    page = TextInt(validate=validate.Range(1, 1_000_000), metadata={"description": "From 1."})
    per_page = TextInt(load_default=25, validate=validate.Range(1, 100))
    cursor = fields.String(
        validate=validate.Length(1, 2000), metadata={"description": "`meta.next_cursor` of the page before."}
    )


class SearchText(f.Line):
    """The `q` of a list: it must hold a letter or a digit."""

    def __init__(self, **kwargs: Any) -> None:
        pattern = "^[A-Za-z0-9 ]*[A-Za-z0-9][A-Za-z0-9 ]*$"
        super().__init__(most=200, metadata={"pattern": pattern}, **kwargs)


class AddressIn(Body):
    """A postal address; PATCH changes the parts that are sent."""

    line1 = f.Line(allow_none=True, load_default=None)
    line2 = f.Line(allow_none=True, load_default=None)
    city = f.Line(most=100, allow_none=True, load_default=None)
    state = f.Line(most=100, allow_none=True, load_default=None)
    postal_code = f.Line(most=20, allow_none=True, load_default=None)
    country = f.Country(allow_none=True, load_default=None)


def with_two_names(data: dict[str, Any]) -> dict[str, Any]:
    """Return what was sent with `name`, where that was sent, split at its last space into first and last name."""
    data = dict(data)
    if "name" in data:
        if "first_name" in data or "last_name" in data or not isinstance(data["name"], str):
            raise ValidationError({"name": ["Give either a name or first_name and last_name, as text."]})
        data["first_name"], data["last_name"] = split_name(data.pop("name").strip())
        if not data["first_name"]:
            raise ValidationError({"name": ["Expected a first and a last name."]})
    return data


class Out(Schema):
    """An answer."""

    id = fields.UUID(required=True)
    created_at = f.Instant(required=True)
    updated_at = f.Instant(required=True)
    version = fields.Integer(required=True)


class SortKeys(fields.String):
    """The `sort` of a list: allow-listed keys, each with or without a minus."""

    def __init__(self, *names: str) -> None:
        choice = "|".join(names)
        super().__init__(
            validate=validate.Length(max=100),
            metadata={"pattern": rf"^-?({choice})(,-?({choice}))*$", "description": "A minus sorts descending."},
        )
        self.names = names

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        keys: str = super()._deserialize(value, attr, data, **kwargs)
        named = [key.removeprefix("-") for key in keys.split(",")]
        if len(set(named)) != len(named):
            raise ValidationError("Each key may be named once.")
        if not set(named) <= set(self.names):
            raise ValidationError(f"Expected some of {', '.join(self.names)}, each with or without a minus.")
        return keys
