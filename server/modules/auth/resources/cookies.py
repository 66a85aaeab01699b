"""The refresh token in a cookie, for browsers that ask for it.

The cookie is out of reach of scripts and of other sites. What may be sent with it, `X-CSRF-Token`, is made from the
session's id with a key of the server's, and is told to the page that signed in.
"""

from __future__ import annotations

import uuid

from flask import Response, request

from server.core import secrets
from server.core.errors import Forbidden
from server.modules.auth.service.sessions import Pair

REFRESH, CSRF, HEADER = "__Host-refresh", "__Host-csrf", "X-CSRF-Token"
_PURPOSE = "csrf"


class CsrfFailed(Forbidden):
    """Send the `csrf_token` of your sign-in as `X-CSRF-Token`."""

    code = "csrf_failed"


def csrf_token_of(session_id: uuid.UUID) -> str:
    """Return what a page must send beside the cookie of its session."""
    return secrets.mac(str(session_id), purpose=_PURPOSE)


def require_csrf(session_id: uuid.UUID) -> None:
    """Raise `CsrfFailed` unless header and cookie carry the token of this session."""
    sent = request.headers.get(HEADER, "")
    if sent != request.cookies.get(CSRF) or not secrets.is_mac(sent, str(session_id), purpose=_PURPOSE):
        raise CsrfFailed


def put(response: Response, pair: Pair) -> None:
    """Set both cookies for as long as the refresh token lives."""
    for name, value, is_hidden in ((REFRESH, pair.refresh_token, True), (CSRF, csrf_token_of(pair.session_id), False)):
        response.set_cookie(
            name,
            value,
            max_age=pair.refresh_expires_in,
            path="/",
            secure=True,
            httponly=is_hidden,
            samesite="Strict",
        )


def clear(response: Response) -> Response:
    """Take both cookies away from a browser that sent one."""
    if REFRESH in request.cookies:
        response.delete_cookie(REFRESH, path="/", secure=True, httponly=True, samesite="Strict")
        response.delete_cookie(CSRF, path="/", secure=True, samesite="Strict")
    return response
