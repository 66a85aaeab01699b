"""Write the OpenAPI 3.1 document from the declarations that the endpoints run on."""

from __future__ import annotations

import re
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask
from marshmallow import fields, validate

from server import __version__
from server.core import fields as f, state
from server.core.access import PUBLIC
from server.core.declare import Endpoint, endpoints
from server.core.errors import DomainError
from server.core.idempotency import KeyInProgress, KeyReused

PROBLEM = {"$ref": "#/components/schemas/Problem"}
# What JSON allows and the API refuses in any text (400).
NO_NUL = r"^[^\u0000]*$"
# Validators of which apispec publishes more than a length.
_SAID = (validate.OneOf, validate.Regexp)
_VERBS_WITH_BODY = ("post", "put", "patch")


def document(app: Flask) -> dict[str, Any]:
    """Return the whole document; built once per application."""
    kept: dict[str, Any] | None = app.extensions.get("openapi")
    if kept is None:
        with app.test_request_context():
            kept = app.extensions["openapi"] = _build(app)
    return kept


def _build(app: Flask) -> dict[str, Any]:
    settings = state.settings()
    plugin = MarshmallowPlugin(schema_name_resolver=_name)
    spec = APISpec(
        title=f"{settings.clinic_name} API",
        version=__version__,
        openapi_version="3.1.0",
        plugins=[plugin],
        info={
            "description": "One API for patients, people and what happens between them. Errors are RFC 9457 problem "
            "documents; each `code` is explained on [/docs/problems](/docs/problems).",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        servers=[{"url": "/"}],
    )
    plugin.converter.add_attribute_function(_metadata)  # type: ignore[union-attr]
    _add_components(spec, settings.api_prefix)
    for endpoint in endpoints(app):
        spec.path(path=endpoint.path, operations={endpoint.verb: _operation(endpoint)})
    return _with_published(spec.to_dict(), app)


def _with_published(found: dict[str, Any], app: Flask) -> dict[str, Any]:
    """Add what a body's class says in `published` of itself: rules between fields, which marshmallow keeps in code."""
    for endpoint in endpoints(app):
        extra = getattr(endpoint.declaration.body, "published", None)
        if extra:
            found["components"]["schemas"][_name(endpoint.declaration.body)].update(extra)
    return found


def _name(schema: Any) -> str:
    cls = schema if isinstance(schema, type) else type(schema)
    partial = "Patch" if not isinstance(schema, type) and schema.partial else ""
    return f"{cls.__name__}{partial}"


def _metadata(_converter: Any, field: fields.Field[Any], **_kwargs: Any) -> dict[str, Any]:
    """Say what apispec cannot know: formats of our own field classes, `writeOnly`, and the type of computed ones."""
    said: dict[str, Any] = {}
    if isinstance(field, f.Instant):
        said.update(type="string", format="date-time")
    if isinstance(field, f.Count):
        said.update(type="integer")
    is_plain = isinstance(field, fields.String) and "pattern" not in field.metadata
    if is_plain and not any(isinstance(one, _SAID) for one in field.validators):
        said["pattern"] = NO_NUL
    for key in ("type", "items", "enum", "writeOnly"):
        if key in field.metadata:
            said[key] = field.metadata[key]
    if field.allow_none and isinstance(said.get("type"), str):
        said["type"] = [said["type"], "null"]
    return said


def _add_components(spec: APISpec, prefix: str) -> None:
    spec.components.schema(
        "Problem",
        {
            "type": "object",
            "required": ["success", "data", "message", "type", "title", "status", "code", "request_id"],
            "properties": {
                "success": {"const": False},
                "data": {"type": "null"},
                "message": {"type": "string"},
                "type": {"type": "string"},
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "code": {"type": "string"},
                "errors": {
                    "type": "object",
                    "additionalProperties": {"type": "array", "items": {"type": "string"}},
                },
                "request_id": {"type": "string", "format": "uuid"},
            },
        },
    )
    spec.components.schema(
        "Meta",
        {
            "type": "object",
            "required": ["page", "per_page", "total", "pages", "next_cursor"],
            "properties": {
                "page": {"type": ["integer", "null"]},
                "per_page": {"type": "integer"},
                "total": {"type": "integer"},
                "pages": {"type": "integer"},
                "next_cursor": {"type": ["string", "null"]},
                "total_is_estimate": {"type": "boolean"},
            },
        },
    )
    spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})
    flow = {"tokenUrl": f"{prefix}/auth/token", "scopes": {}}
    spec.components.security_scheme("password", {"type": "oauth2", "flows": {"password": flow}})


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    declared = endpoint.declaration
    group = _group(endpoint)
    operation: dict[str, Any] = {
        "tags": [group],
        "operationId": _operation_id(endpoint),
        "summary": declared.summary,
        "parameters": _parameters(endpoint),
        "responses": _responses(endpoint),
        "x-permission": " or ".join((declared.permission, *declared.also)),
        "x-rate-class": declared.rate,
        "x-audit-action": declared.action,
    }
    if declared.description:
        operation["description"] = declared.description
    if declared.permission is not PUBLIC:
        operation["security"] = [{"bearer": []}, {"password": []}]
    elif declared.takes_token:
        operation["security"] = [{}, {"bearer": []}, {"password": []}]
    if declared.body is not None and endpoint.verb in _VERBS_WITH_BODY:
        media = "application/x-www-form-urlencoded" if declared.form else "application/json"
        media = "multipart/form-data" if declared.upload else media
        operation["requestBody"] = {
            "required": declared.body_required,
            "content": {
                media: {"schema": _body_schema(declared, endpoint.verb)},
                **{bare: {"schema": {"type": "string"}} for bare in declared.upload_types},
            },
        }
    if endpoint.alias_of:
        operation["x-alias-of"] = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", endpoint.alias_of)
    return operation


def _body_schema(declared: Any, verb: str) -> Any:
    return declared.body(partial=True) if verb == "patch" else declared.body


def _group(endpoint: Endpoint) -> str:
    return str(endpoint.rule.endpoint.split(".")[0])


def _operation_id(endpoint: Endpoint) -> str:
    name = re.sub(r"[^a-z0-9]+", "_", endpoint.path.lower()).strip("_")
    return f"{endpoint.verb}_{name}"


def _parameters(endpoint: Endpoint) -> list[Any]:
    declared = endpoint.declaration
    found: list[Any] = [
        {
            "in": "path",
            "name": name,
            "required": True,
            "schema": {"type": "string", "format": "uuid"} if name.endswith("_id") else {"type": "string"},
        }
        for name in sorted(endpoint.rule.arguments, key=endpoint.path.index)
    ]
    if declared.query is not None:
        found.append({"in": "query", "schema": declared.query})
    if declared.version:
        found.append(
            {
                "in": "header",
                "name": "If-Match",
                "required": False,
                "description": f"The version that was read, {declared.version}; `*` names none.",
                "schema": {"type": "string", "pattern": '^"[1-9][0-9]{0,5}"$'},
            }
        )
    if declared.idempotent:
        found.append(
            {
                "in": "header",
                "name": "Idempotency-Key",
                "required": False,
                "description": "Makes a repeated POST answer as the first did, for 24 hours.",
                "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,200}$"},
            }
        )
    return found


def _responses(endpoint: Endpoint) -> dict[str, Any]:
    declared = endpoint.declaration
    found: dict[str, Any] = {str(declared.status): _success(declared)}
    for status, names in sorted(_refusals(endpoint).items()):
        found[str(status)] = {
            "description": ", ".join(f"`{name}`" for name in sorted(names)),
            "content": {"application/problem+json": {"schema": PROBLEM}},
        }
    return found


def _success(declared: Any) -> dict[str, Any]:
    if declared.status == 204:
        return {"description": "Done; nothing to show."}
    if declared.media_type != "application/json":
        media_types = (declared.media_type, *declared.other_media_types)
        content = {
            media_type: {"schema": {"type": "object" if media_type == "application/json" else "string"}}
            for media_type in media_types
        }
        return {"description": "The page or file.", "content": content}
    if declared.bare:
        schema: Any = declared.out or {"type": "object"}
    else:
        schema = _envelope(declared)
    content = {"application/json": {"schema": schema}}
    content |= {media_type: {"schema": {"type": "string"}} for media_type in declared.other_media_types}
    return {"description": "Success.", "content": content}


def _envelope(declared: Any) -> dict[str, Any]:
    data: Any = declared.out or {"type": ["object", "null"]}
    required = ["success", "data", "message"]
    properties: dict[str, Any] = {"success": {"const": True}, "data": data, "message": {"type": "string"}}
    if declared.many:
        properties["data"] = {"type": "array", "items": data}
        properties["meta"] = {"$ref": "#/components/schemas/Meta"}
        required.append("meta")
    return {"type": "object", "required": required, "properties": properties}


def _refusals(endpoint: Endpoint) -> dict[int, set[str]]:
    declared = endpoint.declaration
    errors: dict[int, set[str]] = {429: {"too_many_requests"}, 503: {"unavailable"}, 422: {"validation_failed"}}
    if declared.permission is not PUBLIC:
        errors[401] = {"unauthorized", "invalid_token"}
        errors[403] = {"forbidden"}
    if declared.query is not None:
        errors[414] = {"uri_too_long"}
    if endpoint.rule.arguments:
        errors[404] = {"not_found"}
    if endpoint.verb in _VERBS_WITH_BODY:
        errors[400] = {"bad_json"}
        errors[413] = {"too_large"}
        errors[415] = {"unsupported_media_type"}
    if declared.version:
        errors[412] = {"stale_version"}
    if declared.version == "required":
        errors[428] = {"version_required"}
    more: tuple[type[DomainError], ...] = declared.problems
    if declared.idempotent:
        more = (*more, KeyReused, KeyInProgress)
    for problem in more:
        errors.setdefault(problem.status, set()).add(problem.code)
    return errors
