"""Surround every request: its id, its audit row, its log line, its metrics and the security headers."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import structlog
from flask import Flask, Request, Response, current_app
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import RequestURITooLarge

from server.config import Settings
from server.core import metrics, trail as trails, uploads
from server.core.db import close_reading, db, reading
from server.core.declare import Declaration, declaration_of
from server.core.errors import Unavailable
from server.core.here import the_app, the_request, things
from server.core.ids import new_id, parse_id

log = structlog.get_logger(__name__)

LONGEST_URL = 8 * 1024
_API_POLICY = "default-src 'none'; frame-ancestors 'none'"


def init_hooks(app: Flask, settings: Settings) -> None:
    """Register the hooks; they come before everything that can refuse a request."""
    app.before_request(_begin)
    app.after_request(_finish)
    app.teardown_request(_let_go)
    app.wsgi_app = SecurityHeaders(app.wsgi_app, _security_headers(settings))  # type: ignore[method-assign]
    # Bound once: a logger that is found by its name is put together again for each line.
    app.extensions["request_log"] = log.bind()


class SecurityHeaders:
    """Put the headers of every answer under those of its own; a view may say otherwise."""

    def __init__(self, inner: WSGIApplication, headers: Iterable[tuple[str, str]]) -> None:
        self.inner = inner
        self.headers = list(headers)
        self.names = {name.lower() for name, _ in self.headers}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as the application does, with these headers too."""

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            own = self.names.intersection([name.lower() for name, _ in headers])
            added = [pair for pair in self.headers if pair[0].lower() not in own] if own else self.headers
            return start_response(status, headers + added, *error)

        return self.inner(environ, start)


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
    here, request = things(), the_request()
    here.began = time.perf_counter()
    rule = request.url_rule
    here.trail = trails.Trail(
        method=request.method,
        route=rule.rule if rule else "(unknown)",
        address=request.remote_addr or "",
        request_id=_request_id(request.environ.get("HTTP_X_REQUEST_ID")),
    )
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=str(here.trail.request_id))
    if len(request.environ.get("RAW_URI") or request.full_path) > LONGEST_URL:
        raise RequestURITooLarge


def _request_id(sent: str | None) -> uuid.UUID:
    """Return the id that the caller or proxy sent, if it is a UUID, else a new one."""
    return (parse_id(sent) if sent else None) or new_id()


def _finish(response: Response) -> Response:
    here, request = things(), the_request()
    trail: trails.Trail = here.trail
    if not trail.written and _is_recorded(request, here.get("declaration")):
        response = _record(trail, response)
    response.headers.set("X-Request-ID", str(trail.request_id))
    _tell(response, trail, began=here.get("began"), statements=here.get("statements", 0))
    return response


def _is_recorded(request: Request, declaration: Declaration | None) -> bool:
    """Whether this request gets a row: all but health, docs, static files and CORS preflights."""
    if request.method == "OPTIONS":
        return False
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


def _tell(response: Response, trail: trails.Trail, *, began: float | None, statements: int) -> None:
    elapsed = time.perf_counter() - began if began else 0.0
    metrics.observe_request(trail.method, trail.route, response.status_code, elapsed)
    the_app().extensions["request_log"].info(
        "request",
        method=trail.method,
        route=trail.route,
        status=response.status_code,
        duration_ms=round(elapsed * 1000, 1),
        statements=statements,
        user_id=str(trail.actor_id) if trail.actor_id else None,
    )


def _let_go(_error: BaseException | None) -> None:
    close_reading()
    uploads.discard()
