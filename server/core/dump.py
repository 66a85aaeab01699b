"""Turn rows into answers: a function compiled once from an output schema and the columns of a statement.

orjson writes UUIDs, dates and UTC instants itself, so most fields pass as they are and the function is `dict(zip())`.
Its JSON equals that of `schema.dump()`; a property test holds the two together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import orjson
from marshmallow import Schema, fields

from server.core.fields import Computed, Money, Percent

Dumper = Callable[[Sequence[Any]], dict[str, Any]]

_PASSED = (
    fields.String,
    fields.Integer,
    fields.Boolean,
    fields.UUID,
    fields.Date,
    fields.Dict,
    fields.List,
    fields.Raw,
)


def row_dumper(schema: type[Schema], columns: tuple[str, ...]) -> Dumper:
    """Return the function that turns a row with these columns into the schema's answer."""
    dumper_of, once = _compiled(schema, columns)
    if not once:
        return dumper_of()

    def dump(row: Sequence[Any]) -> dict[str, Any]:
        return dumper_of(*(ask() for ask in once))(row)

    return dump


def page_dumper(schema: type[Schema], columns: tuple[str, ...]) -> Dumper:
    """Return the same for the rows of one answer: what they have in common is asked for now, and not for each."""
    dumper_of, once = _compiled(schema, columns)
    return dumper_of(*(ask() for ask in once))


@lru_cache(maxsize=512)
def _compiled(
    schema: type[Schema], columns: tuple[str, ...]
) -> tuple[Callable[..., Dumper], tuple[Callable[[], Any], ...]]:
    """Return what makes the function of what all rows have in common, and what that is asked of."""
    position = {name: index for index, name in enumerate(columns)}
    once: dict[str, Callable[[], Any]] = {}
    names: dict[str, Any] = {}
    parts: list[str] = []
    for name, field in schema().dump_fields.items():
        make, inputs = _recipe(name, field)
        arguments = ", ".join(f"row[{position[source]}]" for source in inputs)
        if isinstance(field, Computed) and field.once is not None:
            make, once[f"once_{name}"] = field.make_with, field.once
            arguments = f"{arguments}, once_{name}"
        if make is not None:
            names[f"make_{name}"] = make
            arguments = f"make_{name}({arguments})"
        parts.append(f"{field.data_key or name!r}: {arguments}")
    if [field.data_key or name for name, field in schema().dump_fields.items()] == list(columns) and not names:
        return lambda: lambda row: dict(zip(columns, row, strict=True)), ()
    code = f"lambda {', '.join(once)}: lambda row: {{{', '.join(parts)}}}"
    make_dumper = eval(code, names)  # noqa: S307 - built from our own schemas' field names only
    return make_dumper, tuple(once.values())


@lru_cache(maxsize=128)
def entity_dumper(schema: type[Schema]) -> Callable[[Any], dict[str, Any]]:
    """Return the function that turns an entity into the schema's answer."""
    plan = [(field.data_key or name, *_recipe(name, field)) for name, field in schema().dump_fields.items()]

    def dump(entity: Any) -> dict[str, Any]:
        return {
            name: make(*(getattr(entity, source) for source in inputs)) if make else getattr(entity, inputs[0])
            for name, make, inputs in plan
        }

    return dump


def _recipe(name: str, field: fields.Field[Any]) -> tuple[Callable[..., Any] | None, tuple[str, ...]]:
    """Return how a field's value is made (None: passed as it is) and of which columns."""
    if isinstance(field, Computed):
        return field.make, field.inputs
    source = field.attribute or name
    if isinstance(field, Money | Percent):
        return lambda number: field._serialize(number, None, None), (source,)
    return None, (source,)


def columns_of(schema: type[Schema]) -> list[str]:
    """Return the names of the columns that an answer of `schema` is made of."""
    wanted: dict[str, None] = {}
    for name, field in schema().dump_fields.items():
        wanted.update(dict.fromkeys(_recipe(name, field)[1]))
    return list(wanted)


def to_json(value: Any) -> bytes:
    """Return `value` as JSON: instants in UTC with `Z`, decimals as strings."""
    return orjson.dumps(value, default=str, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)
