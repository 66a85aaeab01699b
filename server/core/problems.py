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
from server.core.errors import (
    DomainError,
    InsufficientStorage,
    Invalid,
    NotFound,
    Stale,
    Unavailable,
    UnsupportedMediaType,
    title_of,
)

log = structlog.get_logger(__name__)


class UnreadableRequest(DomainError):
    """The request could not be read."""

    status = 400
    code = "bad_request"


class MethodNotAllowed(DomainError):
    """This address does not know that method."""

    status = 405
    code = "method_not_allowed"


class RequestTimedOut(DomainError):
    """The request took too long to arrive."""

    status = 408
    code = "request_timeout"


class TooLarge(DomainError):
    """The body is larger than this address takes."""

    status = 413
    code = "too_large"


class UriTooLong(DomainError):
    """The address is longer than 8 KiB."""

    status = 414
    code = "uri_too_long"


class TooManyRequests(DomainError):
    """Too many requests; try again after `Retry-After` seconds."""

    status = 429
    code = "too_many_requests"


class InternalError(DomainError):
    """Something went wrong on our side; quote the request id when you report it."""

    status = 500
    code = "internal_error"


# What Flask, Werkzeug and the limiter raise, in our words; each is on the page of problems.
_OF_STATUS: dict[int, type[DomainError]] = {
    cls.status: cls
    for cls in (
        UnreadableRequest,
        NotFound,
        MethodNotAllowed,
        RequestTimedOut,
        TooLarge,
        UriTooLong,
        UnsupportedMediaType,
        TooManyRequests,
        InternalError,
        InsufficientStorage,
    )
}


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
    known = _OF_STATUS.get(status, UnreadableRequest if status < 500 else InternalError)
    headers = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
    if status == 429:
        headers["Retry-After"] = str(limits.retry_after())
    return render(status, known.code, known.default_message(), headers=headers)


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
