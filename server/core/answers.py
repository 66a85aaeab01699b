"""Shape success: the envelope around data, lists with `meta` and `Link`, 201 with `Location`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Response, request

from server.core.dump import to_json
from server.core.listing import Page


def envelope(data: Any, *, message: str = "", status: int = 200, meta: Mapping[str, Any] | None = None) -> Response:
    """Return `data` in the envelope that every client reads; a single object's version becomes its ETag."""
    body: dict[str, Any] = {"success": True, "data": data, "message": message}
    if meta is not None:
        body["meta"] = meta
    response = Response(to_json(body), status=status, mimetype="application/json")
    if isinstance(data, dict) and "version" in data:
        response.headers["ETag"] = f'"{data["version"]}"'
    return response


def listed(page: Page, data: list[Any]) -> Response:
    """Return one page of a list with its `Link` and `X-Total-Count`."""
    response = envelope(data, meta=page.meta)
    response.headers["X-Total-Count"] = str(page.meta["total"])
    kept = {name: value for name, value in request.args.items() if name not in ("page", "cursor")}
    links = [
        f'<{request.path}?{urlencode({**kept, **{k: v for k, v in target.items() if v}})}>; rel="{name}"'
        for name, target in page.links.items()
    ]
    if links:
        response.headers["Link"] = ", ".join(links)
    return response


def no_content() -> Response:
    """Return 204 without a body."""
    response = Response(status=204)
    response.headers.pop("Content-Type", None)
    return response
