"""Render every refusal alike: one problem document for rules, validation, Flask, limiter, database and surprises."""

from __future__ import annotations

from typing import Any

import structlog
from flask import Flask, Response
from marshmallow import ValidationError
from redis.exceptions import RedisError
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from server.core import constraints, inputs, limits, trail as trails
from server.core.dump import to_json
from server.core.errors import DomainError, Invalid, NotFound, Stale, Unavailable, title_of

log = structlog.get_logger(__name__)

HTTP_CODES = {
    400: ("bad_request", "The request could not be read."),
    404: (NotFound.code, NotFound.default_message()),
    405: ("method_not_allowed", "This address does not know that method."),
    408: ("request_timeout", "The request took too long to arrive."),
    413: ("too_large", "The body is larger than this address takes."),
    414: ("uri_too_long", "The address is longer than 8 KiB."),
    415: ("unsupported_media_type", "Send the body as application/json in UTF-8."),
    429: ("too_many_requests", "Too many requests; try again later."),
    500: ("internal_error", "Something went wrong on our side. Quote the request id when you report it."),
    507: ("insufficient_storage", "There is no room left to store this; nothing was done."),
}


class MethodNotAllowed(DomainError):
    """This address does not know that method."""

    status = 405
    code = "method_not_allowed"


class TooLarge(DomainError):
    """The body is larger than this address takes."""

    status = 413
    code = "too_large"


class TooManyRequests(DomainError):
    """Too many requests; try again after `Retry-After` seconds."""

    status = 429
    code = "too_many_requests"


class InternalError(DomainError):
    """Something went wrong on our side; quote the request id when you report it."""

    status = 500
    code = "internal_error"


class InsufficientStorage(DomainError):
    """There is no room left to store this; nothing was done."""

    status = 507
    code = "insufficient_storage"


def render(
    status: int,
    code: str,
    message: str,
    *,
    errors: Any = None,
    headers: dict[str, str] | None = None,
    details: dict[str, Any] | None = None,
) -> Response:
    """Return one problem document (RFC 9457) that carries the envelope's fields too."""
    body: dict[str, Any] = {
        "success": False,
        "data": None,
        "message": message,
        "type": f"/docs/problems#{code}",
        "title": title_of(status),
        "status": status,
        "code": code,
        **(details or {}),
        "request_id": trails.current().request_id,
    }
    if errors:
        body["errors"] = errors
    response = Response(to_json(body), status=status, content_type="application/problem+json")
    response.headers.update(headers or {})
    return response


def init_problems(app: Flask) -> None:
    """Register the handlers; the most specific class wins."""
    app.register_error_handler(DomainError, of)
    app.register_error_handler(ValidationError, lambda error: of(inputs.invalid(error)))
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(IntegrityError, _constraint)
    app.register_error_handler(StaleDataError, lambda _error: of(Stale()))
    app.register_error_handler(DataError, lambda _error: of(Invalid(message="A value is out of range.")))
    app.register_error_handler(DBAPIError, _database)
    app.register_error_handler(PoolTimeout, lambda error: _unavailable(error, "pool_exhausted"))
    app.register_error_handler(RedisError, lambda error: _unavailable(error, "redis_down"))
    app.register_error_handler(Exception, _unexpected)


def of(error: DomainError) -> Response:
    """Return the problem document of a domain error."""
    return render(
        error.status, error.code, error.message, errors=error.errors, headers=error.headers, details=error.details
    )


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    code, message = HTTP_CODES.get(status, (title_of(status).lower().replace(" ", "_"), title_of(status) + "."))
    headers = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
    if status == 429:
        headers["Retry-After"] = str(limits.retry_after())
    return render(status, code, message, headers=headers)


def _constraint(error: IntegrityError) -> Response:
    """Answer what the table registered for its constraint; one that nobody foresaw is a defect of ours."""
    known = constraints.domain_error(error)
    return of(known) if known is not None else _unexpected(error)


def _database(error: DBAPIError) -> Response:
    """Answer 507 for a full disk, 503 for locks, time-outs and lost connections, 500 for the rest."""
    reason = str(error.orig)
    if "disk is full" in reason or getattr(error.orig, "sqlstate", "") == "53100":
        log.error("disk_full")
        return of(InsufficientStorage())
    state = getattr(error.orig, "sqlstate", None) or ""
    passing = error.connection_invalidated or state[:2] in {"08", "40", "53", "55", "57"} or "locked" in reason
    if passing or ("OperationalError" in type(error).__name__ and not state):
        return _unavailable(error, "database_unavailable")
    return _unexpected(error)


def _unavailable(error: Exception, event: str) -> Response:
    log.error(event, error=type(error).__name__)
    return of(Unavailable())


def _unexpected(error: Exception) -> Response:
    log.error("unexpected_error", error=type(error).__name__, exc_info=error)
    return of(InternalError())
