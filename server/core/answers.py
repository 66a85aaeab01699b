"""Shape success: the envelope around data, lists with `meta` and `Link`, 201 with `Location`."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any
from urllib.parse import quote, urlencode

from flask import Response, request

from server.core import state
from server.core.dump import to_json
from server.core.listing import Page

_CHUNK = 64 * 1024


def envelope(data: Any, *, message: str = "", status: int = 200, meta: Mapping[str, Any] | None = None) -> Response:
    """Return `data` in the envelope that every client reads; a single object's version becomes its ETag."""
    body: dict[str, Any] = {"success": True, "data": data, "message": message}
    if meta is not None:
        body["meta"] = meta
    response = Response(to_json(body), status=status, content_type="application/json")
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


def origin() -> str:
    """Return where this API is reached: by PUBLIC_URL or, without it, where the request came to.

    Whoever sent the Host header is the only one to read the answer. In production it is never without TLS.
    """
    settings = state.settings()
    scheme = "https" if settings.is_production else request.scheme
    return settings.public_url.rstrip("/") or f"{scheme}://{request.host}"


def download(opened: Callable[[], IO[bytes]], *, name: str, media_type: str, size: int | None = None) -> Response:
    """Return a file to be saved, never shown: as it is opened here, in chunks, by the name that its sender gave it."""
    response = Response(mimetype=media_type)
    if request.method != "HEAD":
        content = opened()
        response.response = _chunks(content)
        response.call_on_close(content.close)  # where nobody reads
    if size is not None:
        response.content_length = size
    # RFC 6266: an ASCII name for those who know no other, and the whole one in UTF-8.
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().replace('"', "'").replace("\\", "_")
    whole = quote(name, safe="")
    response.headers["Content-Disposition"] = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{whole}"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; frame-ancestors 'none'"
    return response


def _chunks(content: IO[bytes]) -> Iterator[bytes]:
    with content:
        while chunk := content.read(_CHUNK):
            yield chunk


def no_content() -> Response:
    """Return 204 without a body."""
    response = Response(status=204)
    response.headers.pop("Content-Type", None)
    return response
