"""Write the JSON index at `/` from the routes: every group with its endpoints, permissions and one example each."""

from __future__ import annotations

from typing import Any

from flask import Flask

from server import __version__
from server.core import state
from server.core.declare import Endpoint, endpoints
from server.modules.meta.openapi import document

_EXAMPLE_ID = "01890a5d-ac96-774b-bcce-b302099a8057"


def index(app: Flask) -> dict[str, Any]:
    """Return the index; built once per application."""
    if "index" not in app.extensions:
        app.extensions["index"] = _build(app)
    kept: dict[str, Any] = app.extensions["index"]
    return kept


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
    path = endpoint.path
    for argument in endpoint.rule.arguments:
        path = path.replace(f"{{{argument}}}", _EXAMPLE_ID if argument.endswith("_id") else argument)
    example = f"curl -X {endpoint.verb.upper()} http://localhost:5000{path}"
    operation = document(app)["paths"][endpoint.path][endpoint.verb]
    if "security" in operation:
        example += " -H 'Authorization: Bearer $TOKEN'"
    if "requestBody" in operation:
        media = next(iter(operation["requestBody"]["content"]))
        example += f" -H 'Content-Type: {media}' -d @body"
    line = {
        "method": endpoint.verb.upper(),
        "path": endpoint.path,
        "summary": endpoint.declaration.summary,
        "permission": str(endpoint.declaration.permission),
        "example": example,
    }
    if endpoint.alias_of:
        line["alias_of"] = operation["x-alias-of"]
    return line
