"""Read what a request brings: strict JSON bodies, query parameters, the expected version. Unknown names are refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from flask import Request
from marshmallow import Schema, ValidationError, fields

from server.core.columns import Expected
from server.core.declare import Declaration
from server.core.errors import CodedMessage, Invalid, MarkupNotAllowed, ReadOnly, UnsupportedMediaType
from server.core.fields import MAX_INT
from server.core.schema import Body, Query
from server.core.strict_json import parse_form, parse_object
from server.core.uploads import read_bare, read_multipart

_CODES: dict[str, type[Invalid]] = {cls.code: cls for cls in (ReadOnly, MarkupNotAllowed)}


def read_query(request: Request, declaration: Declaration) -> dict[str, Any]:
    """Return the validated query parameters."""
    if declaration.query is None and not request.args:
        return {}
    repeated = [name for name, values in request.args.lists() if len(values) > 1]
    if repeated:
        raise Invalid({name: ["Given more than once."] for name in repeated})
    return load(declaration.query or Query, request.args.to_dict())


def read_body(request: Request, declaration: Declaration) -> tuple[dict[str, Any], Expected, dict[str, Any]]:
    """Return the validated body, the version that the caller says it has read, and what was sent of fixed fields."""
    raw = _raw_body(request, declaration)
    expected = _expected(request, declaration, raw)
    if declaration.body is None and not raw:
        return {}, expected, {}
    schema = declaration.body or Body
    fixed = {name: raw[name] for name in declaration.fixed if name in raw}
    if request.method in ("PUT", "PATCH", "POST"):
        raw = _without_read_only(raw, schema, declaration, drop=request.method == "PUT")
    return load(schema, raw, partial=request.method == "PATCH"), expected, fixed


def _raw_body(request: Request, declaration: Declaration) -> dict[str, Any]:
    if request.method == "DELETE":
        return {}
    if declaration.upload:
        return (read_bare if request.mimetype in declaration.upload_types else read_multipart)(request)
    if declaration.form and request.mimetype == "application/x-www-form-urlencoded":
        return parse_form(request.get_data())
    body = request.get_data()
    if not body and (declaration.body is None or not declaration.body_required):
        return {}
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if declaration.form or request.mimetype != "application/json" or charset not in ("utf-8", "utf8"):
        wanted = "application/x-www-form-urlencoded" if declaration.form else "application/json in UTF-8"
        raise UnsupportedMediaType(f"Send the body as {wanted}.")
    return parse_object(body)


def _expected(request: Request, declaration: Declaration, raw: dict[str, Any]) -> Expected:
    """Take the version from If-Match or, but for DELETE, from the body; where both are given both must be right."""
    if declaration.version is None:
        return Expected()
    versions: set[int] = set()
    if "version" in raw:
        sent = raw.pop("version")
        if not isinstance(sent, int) or isinstance(sent, bool) or not 0 <= sent <= MAX_INT:
            raise Invalid({"version": ["Expected a whole number."]})
        versions.add(sent)
    header = request.headers.get("If-Match")
    if header is not None:
        tag = header.strip().removeprefix("W/").strip('"')
        if tag == "*":
            return Expected(next(iter(versions), None), required=declaration.version == "required")
        versions.add(int(tag) if tag.isascii() and tag.isdigit() and len(tag) < 10 else -1)
    agreed = versions.pop() if len(versions) == 1 else (-1 if versions else None)
    return Expected(agreed, required=declaration.version == "required")


def _without_read_only(
    raw: dict[str, Any], schema: type[Schema], declaration: Declaration, *, drop: bool
) -> dict[str, Any]:
    """Drop (PUT) or refuse (POST, PATCH) the fields that GET shows but only the server writes."""
    shown = _names(_instance(declaration.out).dump_fields) if declaration.out else set()
    writable = _names(_instance(schema).load_fields)
    read_only = (shown - writable) & raw.keys()
    if read_only and not drop:
        why = CodedMessage("Only the server writes this field.", ReadOnly.code)
        raise ReadOnly({name: [why] for name in sorted(read_only)})
    return {name: value for name, value in raw.items() if name not in read_only}


def require_same(sent: Mapping[str, Any], shown: Mapping[str, Any]) -> None:
    """Raise the 422 that names each fixed field of which something else was sent than what is shown."""
    changed: dict[str, list[str]] = {name: [_STAYS] for name, value in sent.items() if not _is_same(value, shown[name])}
    if changed:
        raise ReadOnly(changed, "A field that stays as it was first said was to be changed.")


_STAYS = CodedMessage("Said when this was made; it cannot be changed.", ReadOnly.code)


def _is_same(sent: Any, shown: Any) -> bool:
    if not isinstance(sent, str) or shown is None:
        return sent is shown
    if not isinstance(shown, datetime):
        return sent.lower() == str(shown).lower()
    try:
        return datetime.fromisoformat(sent) == shown
    except ValueError:
        return False


@cache
def _instance(schema: type[Schema]) -> Schema:
    """Return the one instance of a schema; making one copies all its fields."""
    return schema()


def _names(of_fields: Mapping[str, fields.Field[Any]]) -> set[str]:
    return {field.data_key or name for name, field in of_fields.items()}


def load(schema: type[Schema], raw: Mapping[str, Any], *, partial: bool = False) -> dict[str, Any]:
    """Return what the schema makes of `raw`, or raise the 422 that names each field."""
    try:
        loaded: dict[str, Any] = _instance(schema).load(raw, partial=partial)
    except ValidationError as error:
        raise invalid(error) from None
    return loaded


def invalid(error: ValidationError) -> Invalid:
    """Return the 422 of a marshmallow error; its code is specific where all its messages agree on one."""
    errors = dict(_flat(error.normalized_messages()))  # type: ignore[no-untyped-call]
    codes = {getattr(message, "code", "") for messages in errors.values() for message in messages}
    cls = _CODES.get(codes.pop(), Invalid) if len(codes) == 1 else Invalid
    return cls(errors)


def _flat(messages: Mapping[Any, Any], path: str = "") -> list[tuple[str, list[str]]]:
    found: list[tuple[str, list[str]]] = []
    for name, value in messages.items():
        here = ".".join(part for part in (path, "" if name == "_schema" else str(name)) if part) or "_body"
        if isinstance(value, Mapping):
            found.extend(_flat(value, here))
        else:
            found.append((here, [m if isinstance(m, str) else str(m) for m in value]))
    return found
