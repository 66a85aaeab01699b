"""Parse request bodies as strict JSON: what two parsers could read differently is refused before anything else."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from server.core.errors import BadRequest, Invalid

MAX_DEPTH = 32
_SURROGATE = re.compile("[\ud800-\udfff]")


def parse_object(body: bytes) -> dict[str, Any]:
    """Return the object that `body` spells; anything else is a 400, a value that is no object a 422."""
    try:
        text = body.decode("utf-8")
        value = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite, parse_int=_bounded
        )
    except UnicodeDecodeError:
        raise BadRequest("The body is not UTF-8.") from None
    except json.JSONDecodeError as error:
        raise BadRequest(f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.") from None
    except RecursionError:
        raise BadRequest(_TOO_DEEP) from None
    check_storable(value)
    if not isinstance(value, dict):
        raise Invalid({"_body": ["Expected a JSON object."]})
    return value


_TOO_DEEP = f"The body is nested deeper than {MAX_DEPTH} levels."


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadRequest("The body names a key twice in one object.")
    return found


def _no_constant(name: str) -> NoReturn:
    raise BadRequest(f"The body holds {name}, which JSON does not know.")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise BadRequest("The body holds a number that is too large.")
    return number


def _bounded(text: str) -> int:
    _finite(text)
    return int(text)


def check_storable(value: Any, depth: int = 1) -> None:
    """Refuse what JSON allows to be written but nobody can store: NUL, lone surrogates, endless nesting."""
    if isinstance(value, str):
        if "\x00" in value:
            raise BadRequest("The body holds a NUL character.")
        if _SURROGATE.search(value):
            raise BadRequest("The body holds a lone surrogate.")
    elif isinstance(value, dict | list):
        if depth > MAX_DEPTH:
            raise BadRequest(_TOO_DEEP)
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            check_storable(key, depth + 1)
            check_storable(item, depth + 1)


def parse_form(body: bytes) -> dict[str, str]:
    """Return the fields of a URL-encoded form, held to the same rules as JSON: UTF-8, each name once, no NUL."""
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, encoding="utf-8", errors="strict")
    except (UnicodeDecodeError, ValueError):
        raise BadRequest("The form is not URL-encoded UTF-8.") from None
    fields = _unique(list(pairs))
    check_storable(fields)
    return fields
