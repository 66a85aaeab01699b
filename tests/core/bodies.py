"""Every body that an endpoint takes, found from the declarations, with values that fit and values that do not."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Flask
from marshmallow import Schema, fields, validate

from server.core import fields as f
from server.core.declare import Endpoint, endpoints

WRONG: dict[str, list[Any]] = {
    "text": [1, 1.5, True, [], {}, ["x"], {"a": "x"}, 10**30],
    "whole number": ["1", 1.5, True, [], {}, 10**30, -(10**30), 2**31, "x"],
    "number": ["x", "1e3", True, [], {}, 10**30, -(10**30)],
    "flag": ["true", "yes", 1, 0, [], {}, "x"],
    "object": ["x", 1, True, [], [{}]],
    "list": ["x", 1, True, {}, [1], [[]], [{}], [None]],
}


@dataclass(frozen=True)
class Place:
    """One field of one body."""

    endpoint: Endpoint
    path: tuple[str, ...]
    field: fields.Field[Any]

    @property
    def name(self) -> str:
        return f"{self.endpoint.verb.upper()} {self.endpoint.path} {'.'.join(self.path)}"


def with_bodies(app: Flask) -> list[Endpoint]:
    """Return the endpoints that take JSON, aliases left out."""
    return [
        endpoint
        for endpoint in endpoints(app)
        if endpoint.declaration.body
        and not (endpoint.declaration.form or endpoint.declaration.upload)
        and endpoint.alias_of is None
    ]


def places(app: Flask) -> Iterator[Place]:
    """Yield every field of every body, those of nested objects included."""
    for endpoint in with_bodies(app):
        assert endpoint.declaration.body
        yield from _places(endpoint, endpoint.declaration.body(), ())


def _places(endpoint: Endpoint, schema: Schema, path: tuple[str, ...]) -> Iterator[Place]:
    for name, field in schema.load_fields.items():
        here = (*path, field.data_key or name)
        yield Place(endpoint, here, field)
        if isinstance(field, fields.Nested):
            yield from _places(endpoint, field.schema, here)


def kind_of(field: fields.Field[Any]) -> str:
    """Return what kind of JSON value a field takes."""
    if isinstance(field, fields.Nested):
        return "object"
    if isinstance(field, fields.List):
        return "list"
    if isinstance(field, fields.Boolean):
        return "flag"
    if field.metadata.get("type") == "number":
        return "number"
    return "whole number" if isinstance(field, fields.Integer) else "text"


def is_free_text(field: fields.Field[Any]) -> bool:
    """Whether a field takes any text: no choice, number, date or id."""
    shaped = (f.Instant, f.Day, f.Id, f.Choice)
    chosen = any(isinstance(one, validate.OneOf) for one in field.validators)
    return kind_of(field) == "text" and not isinstance(field, shaped) and not chosen


def at(path: tuple[str, ...], value: Any, into: dict[str, Any]) -> dict[str, Any]:
    """Return the object with this value at this path."""
    if len(path) == 1:
        return {**into, path[0]: value}
    inner = into.get(path[0])
    return {**into, path[0]: at(path[1:], value, inner if isinstance(inner, dict) else {})}


def fitting(schema: Schema) -> dict[str, Any]:
    """Return a body with a value that fits in each required field."""
    return {field.data_key or name: _fits(name, field) for name, field in schema.load_fields.items() if field.required}


def _fits(name: str, field: fields.Field[Any]) -> Any:
    for one in field.validators:
        if isinstance(one, validate.OneOf):
            return next(iter(one.choices))
    if isinstance(field, fields.Nested):
        return fitting(field.schema)
    if isinstance(field, fields.List):
        return [_fits(name, field.inner)]
    if isinstance(field, f.Id):
        return str(uuid.uuid4())
    if isinstance(field, f.Day):
        return "1990-05-17"
    return {"fields.Integer": 1}.get(kind_of(field)) or (
        "ida@example.com" if isinstance(field, f.Email) else "Ida Quist"
    )
