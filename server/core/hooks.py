"""Surround every request: its id, its audit row, its log line, its metrics and the security headers."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import structlog
from flask import Flask, Response, current_app, g, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import RequestURITooLarge

from server.config import Settings
from server.core import metrics, trail as trails
from server.core.db import close_reading, db, reading
from server.core.declare import declaration_of
from server.core.errors import Unavailable
from server.core.ids import new_id, parse_id

log = structlog.get_logger(__name__)

LONGEST_URL = 8 * 1024
_API_POLICY = "default-src 'none'; frame-ancestors 'none'"


def init_hooks(app: Flask, settings: Settings) -> None:
    """Register the hooks; they come before everything that can refuse a request."""
    app.before_request(_begin)
    app.after_request(_finish)
    app.teardown_request(_let_go)
    app.extensions["security_headers"] = _security_headers(settings)
    # Bound once: a logger that is found by its name is put together again for each line.
    app.extensions["request_log"] = log.bind()


class WarnOfUntrustedForwarding:
    """Warn once, loudly, when a proxy forwards requests and no proxy is trusted."""

    def __init__(self, inner: WSGIApplication, state: dict[str, Any]) -> None:
        self.inner = inner
        self.state = state

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pass the request on."""
        if "HTTP_X_FORWARDED_FOR" in environ and not self.state.get("proxy_misconfigured"):
            self.state["proxy_misconfigured"] = True
            log.warning(
                "proxy_misconfigured", expected="TRUSTED_PROXIES: the number of proxies in front of this server"
            )
        return self.inner(environ, start_response)


def _begin() -> None:
    g.began = time.perf_counter()
    rule = request.url_rule
    g.trail = trails.Trail(
        method=request.method,
        route=rule.rule if rule else "(unknown)",
        address=request.remote_addr or "",
        request_id=_request_id(),
    )
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=str(g.trail.request_id))
    if len(request.environ.get("RAW_URI") or request.full_path) > LONGEST_URL:
        raise RequestURITooLarge


def _request_id() -> uuid.UUID:
    """Return the id that the caller or proxy sent, if it is a UUID, else a new one."""
    return parse_id(request.headers.get("X-Request-ID", "")) or new_id()


def _finish(response: Response) -> Response:
    trail = trails.current()
    if not trail.written and _is_recorded():
        response = _record(trail, response)
    _decorate(response, trail)
    _tell(response, trail)
    return response


def _is_recorded() -> bool:
    """Whether this request gets a row: all but health, docs, static files and CORS preflights."""
    if request.method == "OPTIONS":
        return False
    declaration = g.get("declaration")
    if declaration is None and (view := current_app.view_functions.get(request.endpoint or "")):
        declaration = declaration_of(getattr(view, "view_class", None) or type(None), request.method)
    return declaration is None or declaration.audited


def _record(trail: trails.Trail, response: Response) -> Response:
    """Write the row of a read or a failure; a read whose row cannot be written is not answered."""
    try:
        db.session.remove()
        trails.record(reading(), trail, response.status_code)
    except SQLAlchemyError as error:
        log.error("audit_row_not_written", error=type(error).__name__, route=trail.route, status=response.status_code)
        if response.status_code < 400:
            response = current_app.make_response(current_app.handle_user_exception(Unavailable()))
    return response


def _security_headers(settings: Settings) -> tuple[tuple[str, str], ...]:
    """Return the headers of every answer; a view may say otherwise of its own."""
    headers = [
        ("Cache-Control", "no-store"),
        ("Content-Security-Policy", _API_POLICY),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
    ]
    if settings.is_production:
        headers.append(("Strict-Transport-Security", "max-age=31536000; includeSubDomains"))
    return tuple(headers)


def _decorate(response: Response, trail: trails.Trail) -> None:
    headers = response.headers
    own = {name.lower() for name in headers.keys()}  # noqa: SIM118 -- iterating over headers yields pairs
    headers.set("X-Request-ID", str(trail.request_id))
    for name, value in current_app.extensions["security_headers"]:
        if name.lower() not in own:
            headers.add(name, value)


def _tell(response: Response, trail: trails.Trail) -> None:
    elapsed = time.perf_counter() - g.get("began", time.perf_counter())
    metrics.observe_request(request.method, trail.route, response.status_code, elapsed)
    current_app.extensions["request_log"].info(
        "request",
        method=request.method,
        route=trail.route,
        status=response.status_code,
        duration_ms=round(elapsed * 1000, 1),
        statements=g.get("statements", 0),
        user_id=str(trail.actor_id) if trail.actor_id else None,
    )


def _let_go(_error: BaseException | None) -> None:
    close_reading()
