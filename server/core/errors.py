"""Say no: the errors that rules raise and that one renderer turns into problem documents (RFC 9457).

A subclass with a `code` is documented on `/docs/problems` by its docstring; the first line is also its default message.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, ClassVar, Self

FieldErrors = Mapping[str, list[str]]


class CodedMessage(str):
    """A sentence about one field that also carries a machine-readable code."""

    code: str

    def __new__(cls, text: str, code: str) -> Self:
        message = super().__new__(cls, text)
        message.code = code
        return message


class DomainError(Exception):
    """A request that is understood and refused."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = ""
    retry_after: ClassVar[int | None] = None
    keeps_changes: bool = False

    def __init__(
        self,
        message: str | None = None,
        *,
        errors: FieldErrors | None = None,
        headers: Mapping[str, str] | None = None,
        **details: Any,
    ) -> None:
        self.message = message or self.default_message()
        super().__init__(self.message)
        self.errors = errors
        self.details = details
        self.headers = dict(headers or {})
        if self.retry_after is not None:
            self.headers.setdefault("Retry-After", str(self.retry_after))

    @classmethod
    def default_message(cls) -> str:
        """Return the first line of the docstring."""
        return (cls.__doc__ or cls.__name__).strip().splitlines()[0]


def title_of(status: int) -> str:
    """Return the standard phrase of an HTTP status."""
    return HTTPStatus(status).phrase


class BadRequest(DomainError):
    """The body is not strict JSON."""

    status = 400
    code = "bad_json"


class Unauthorized(DomainError):
    """Sign in first."""

    status = 401
    code = "unauthorized"

    def __init__(self, message: str | None = None, *, challenge: str = "", **kwargs: Any) -> None:
        super().__init__(message, headers={"WWW-Authenticate": f"Bearer {challenge}".strip()}, **kwargs)


class InvalidToken(Unauthorized):
    """The token is wrong, expired or revoked."""

    code = "invalid_token"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message, challenge='error="invalid_token"')


class Forbidden(DomainError):
    """Your role does not allow this."""

    status = 403
    code = "forbidden"


class NotFound(DomainError):
    """There is no such thing, or it is not yours to see."""

    status = 404
    code = "not_found"


class Conflict(DomainError):
    """The present state does not allow this."""

    status = 409
    code = "conflict"


class InvalidTransition(Conflict):
    """What is in this state cannot be changed so."""

    code = "invalid_transition"


class IdTaken(Conflict):
    """That id is already in use."""

    code = "id_taken"


class Stale(DomainError):
    """Someone changed this since you read it; read it again."""

    status = 412
    code = "stale_version"


class VersionRequired(DomainError):
    """Send the version that you read, as If-Match or in the body."""

    status = 428
    code = "version_required"


class UnsupportedMediaType(DomainError):
    """Send the body as application/json in UTF-8."""

    status = 415
    code = "unsupported_media_type"


class Invalid(DomainError):
    """Some fields are not valid."""

    status = 422
    code = "validation_failed"

    def __init__(self, errors: FieldErrors | None = None, message: str | None = None, **details: Any) -> None:
        super().__init__(message, errors=errors, **details)


class ReadOnly(Invalid):
    """A field that only the server writes was sent."""

    code = "read_only"


class MarkupNotAllowed(Invalid):
    """HTML is not allowed in this field."""

    code = "markup_not_allowed"


class UseCursor(Invalid):
    """That page is too deep; follow `meta.next_cursor` instead."""

    code = "use_cursor"


class InvalidCursor(Invalid):
    """The cursor does not belong to this list and order."""

    code = "invalid_cursor"


class Unavailable(DomainError):
    """A part of the system that must not be skipped is down; nothing was done."""

    status = 503
    code = "unavailable"
    retry_after = 5


class InsufficientStorage(DomainError):
    """There is no room left to store this; nothing was done."""

    status = 507
    code = "insufficient_storage"


def refused(*fields: str, why: str, code: str | None = None) -> Invalid:
    """Return a 422 that blames `fields` with one sentence."""
    message = CodedMessage(why, code) if code else why
    return Invalid({name: [message] for name in fields})


def documented() -> Iterator[type[DomainError]]:
    """Yield every error class with a code of its own, for the page of problems."""
    waiting: list[type[DomainError]] = [DomainError]
    seen: set[str] = set()
    while waiting:
        cls = waiting.pop()
        waiting.extend(cls.__subclasses__())
        if cls.code and cls.code not in seen:
            seen.add(cls.code)
            yield cls
