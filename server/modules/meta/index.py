"""Write the JSON index at `/` from the routes: every group with its endpoints, permissions and one example each."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Flask

from server import __version__
from server.core import state
from server.core.declare import Endpoint, endpoints
from server.core.dump import to_json
from server.modules.meta.openapi import document

_EXAMPLE_ID = "01890a5d-ac96-774b-bcce-b302099a8057"
_OF_FORMAT = {
    "uuid": _EXAMPLE_ID,
    "date": "1980-02-03",
    "date-time": "2026-01-31T09:30:00Z",
    "email": "ada@example.com",
}


def index(app: Flask, origin: str) -> dict[str, Any]:
    """Return the index, whose examples call the API at this origin; built once per application but for that."""
    if "index" not in app.extensions:
        app.extensions["index"] = _build(app)
    kept: dict[str, Any] = app.extensions["index"]
    groups = {
        name: [{**line, "example": line["example"].replace("'/", f"'{origin}/", 1)} for line in lines]
        for name, lines in kept["groups"].items()
    }
    return {**kept, "groups": groups}


def _build(app: Flask) -> dict[str, Any]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for endpoint in endpoints(app):
        name = str(endpoint.rule.endpoint).partition(".")[0]
        groups.setdefault(name, []).append(_line(app, endpoint))
    return {
        "name": state.settings().clinic_name,
        "version": __version__,
        "docs": {"openapi": "/openapi.json", "swagger_ui": "/docs", "redoc": "/redoc", "problems": "/docs/problems"},
        "health": "/health",
        "groups": groups,
    }


def _line(app: Flask, endpoint: Endpoint) -> dict[str, Any]:
    operation = document(app)["paths"][endpoint.path][endpoint.verb]
    line = {
        "method": endpoint.verb.upper(),
        "path": endpoint.path,
        "summary": endpoint.declaration.summary,
        "permission": operation["x-permission"],
        "example": _example(app, endpoint, operation),
    }
    if endpoint.alias_of:
        line["alias_of"] = operation["x-alias-of"]
    return line


def _example(app: Flask, endpoint: Endpoint, operation: dict[str, Any]) -> str:
    """Return a curl call that has all that the operation requires, but for the origin."""
    path = endpoint.path
    for argument in endpoint.rule.arguments:
        path = path.replace(f"{{{argument}}}", _EXAMPLE_ID if argument.endswith("_id") else argument)
    asked = {p["name"]: p for p in operation["parameters"] if p["in"] == "query" and p.get("required")}
    if asked:
        path += "?" + urlencode({name: _value(app, name, p["schema"]) for name, p in asked.items()})
    call = f"curl -X {endpoint.verb.upper()} '{path}'"
    if "security" in operation:
        call += ' -H "Authorization: Bearer $TOKEN"'
    # The first of the ways in which a body may be sent.
    for media, content in [*operation.get("requestBody", {}).get("content", {}).items()][:1]:
        body = _value(app, "body", content["schema"])
        text = urlencode(body) if media != "application/json" else to_json(body).decode()
        call += f" -H 'Content-Type: {media}' -d '{text}'"
    return call


def _value(app: Flask, name: str, schema: dict[str, Any]) -> Any:
    """Return an example of a schema: of an object what it requires, of text its own example or its field's name."""
    if "$ref" in schema:
        schema = document(app)["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "example" in schema:
        return schema["example"]
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        required = schema.get("required", ())
        return {key: _value(app, key, part) for key, part in schema.get("properties", {}).items() if key in required}
    if kind == "array":
        return [_value(app, name, schema["items"])]
    return _OF_FORMAT.get(schema.get("format", ""), {"integer": 1, "boolean": True}.get(str(kind), name))
