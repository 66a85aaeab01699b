"""Rules as JSON and back; what a rule leaves out is at its default and not written."""

from __future__ import annotations

import types
import typing
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any, cast

from server.modules.vaccines.engine.periods import Period, period
from server.modules.vaccines.engine.rules import Rules


def to_json(value: Any) -> Any:
    """Write rules as what JSON knows: objects, lists and words."""
    match value:
        case Period() | StrEnum():
            return str(value)
        case date():
            return value.isoformat()
        case tuple():
            return [to_json(one) for one in value]
        case _ if is_dataclass(value):
            return {
                one.name: to_json(getattr(value, one.name))
                for one in fields(value)
                if getattr(value, one.name) != one.default
            }
        case _:
            return value


def from_json(body: Any) -> Rules:
    """Read rules. ValueError naming the place where they are not in the form."""
    return cast(Rules, _read(Rules, body, "rules"))


def _read(kind: Any, value: Any, place: str) -> Any:
    """Read one value of a declared type."""
    if is_dataclass(kind) and kind is not Period:
        return _read_object(kind, value, place)
    origin = typing.get_origin(kind)
    if origin in {types.UnionType, typing.Union}:
        inner = next(one for one in typing.get_args(kind) if one is not types.NoneType)
        return None if value is None else _read(inner, value, place)
    if origin is tuple:
        if not isinstance(value, list):
            raise ValueError(f"{place}: not a list")
        inner = typing.get_args(kind)[0]
        return tuple(_read(inner, one, f"{place}.{index}") for index, one in enumerate(value))
    return _read_word(kind, value, place)


def _read_word(kind: Any, value: Any, place: str) -> Any:
    """Read a period, a date, a word of an enum, or what JSON knows itself."""
    try:
        if kind is Period:
            return period(value)
        if kind is date:
            return date.fromisoformat(value)
        if isinstance(kind, type) and issubclass(kind, StrEnum):
            return kind(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{place}: {error}") from error
    if type(value) is not kind:
        raise ValueError(f"{place}: {value!r} is not {kind.__name__}")
    return value


def _read_object(kind: Any, value: Any, place: str) -> Any:
    """Read an object of the form; a name that the form does not know is an error."""
    if not isinstance(value, dict):
        raise ValueError(f"{place}: not an object")
    known = _types_of(kind)
    if unknown := value.keys() - known.keys():
        raise ValueError(f"{place}: unknown {', '.join(sorted(unknown))}")
    missing = [one.name for one in fields(kind) if one.default is MISSING and one.name not in value]
    if missing:
        raise ValueError(f"{place}: missing {', '.join(missing)}")
    return kind(**{name: _read(known[name], one, f"{place}.{name}") for name, one in value.items()})


@lru_cache(maxsize=64)
def _types_of(kind: Any) -> dict[str, Any]:
    """Map the fields of a rule to their types."""
    return typing.get_type_hints(kind)
