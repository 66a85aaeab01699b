"""Sign-in, renewal and sign-out over HTTP."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from flask import Response, jsonify, request

from server.core import answers, trail as trails
from server.core.access import PUBLIC
from server.core.declare import declares
from server.core.errors import DomainError, InvalidToken, Unauthorized, refused
from server.core.resource import Resource
from server.modules.auth import tokens
from server.modules.auth.models import Session
from server.modules.auth.principals import live_principal
from server.modules.auth.resources import cookies
from server.modules.auth.resources.routing import SIGNS_IN, api, device, signed_in
from server.modules.auth.schemas.sign_in import LoginIn, LogoutIn, RefreshIn, TokenIn, TokenOut
from server.modules.auth.service import devices, entry, proofs, second_factors, sessions, throttle

_REFUSALS = (
    proofs.BadCredentials,
    proofs.AccountDeactivated,
    proofs.EmailNotVerified,
    entry.MfaRequired,
    entry.MfaEnrollmentRequired,
    second_factors.WrongCode,
    throttle.TooManyTries,
)
_SIGNS_OUT: dict[str, Any] = {
    "action": "auth.logout",
    "takes_token": True,
    "object_type": "session",
    "body": LogoutIn,
    "body_required": False,
    "status": 200,
    "problems": (Unauthorized, InvalidToken, cookies.CsrfFailed),
}


class Login(Resource):
    """Sign-in by password."""

    @declares(PUBLIC, action="auth.login", rate="sign_in", body=LoginIn, problems=_REFUSALS, **SIGNS_IN)
    def post(self) -> Response:
        """Sign in with e-mail or user name and password."""
        return signed_in(entry.sign_in(self.prepared, device=device(self.body)), "Signed in.")

    def counted_as(self) -> str | None:
        """Count known devices by their user: strangers at the same address do not keep them out."""
        named = devices.named_by(self.body.get("device_token"))
        return f"devices:{named[0]}" if named else None

    def before_post(self) -> entry.Knock:
        """Check password and code while no transaction is open."""
        said = self.body
        return entry.knock(said["identifier"], said["password"], device=device(said), otp=said.get("otp"))


class Token(Resource):
    """Sign-in of OAuth2 clients."""

    @declares(
        PUBLIC,
        action="auth.login",
        object_type="user",
        body=TokenIn,
        form=True,
        out=TokenOut,
        bare=True,
        status=200,
        rate="sign_in",
        problems=_REFUSALS,
    )
    def post(self) -> Response:
        """Sign in by the OAuth2 password form, as Swagger UI does."""
        with _in_words_of_oauth():
            pair, _user = entry.sign_in(self.prepared, device=device(self.body))
        return jsonify(
            access_token=pair.access_token,
            token_type="bearer",  # noqa: S106 - the name of a scheme
            expires_in=pair.expires_in,
            refresh_token=pair.refresh_token,
        )

    def before_post(self) -> entry.Knock:
        """Check the password while no transaction is open."""
        with _in_words_of_oauth():
            return entry.knock(self.body["username"], self.body["password"], device=device(self.body))


@contextmanager
def _in_words_of_oauth() -> Iterator[None]:
    """Add what OAuth2 clients look for in a refusal (RFC 6749, section 5.2)."""
    try:
        yield
    except DomainError as refusal:
        refusal.details["error"] = "invalid_grant"
        raise


class Refresh(Resource):
    """Rotation of tokens."""

    @declares(
        PUBLIC,
        action="auth.refresh",
        rate="refresh",
        body=RefreshIn,
        body_required=False,
        problems=(InvalidToken, sessions.TokenReused, cookies.CsrfFailed),
        **SIGNS_IN,
    )
    def post(self) -> Response:
        """Exchange a refresh token for new tokens; each works once. A cookie needs `X-CSRF-Token` beside it."""
        claims, from_cookie = self.prepared
        return signed_in(sessions.rotate(claims, from_cookie=from_cookie), "Tokens renewed.")

    def before_post(self) -> tuple[tokens.RefreshClaims, bool]:
        """Return what the refresh token says, and whether it came as a cookie."""
        sent, kept = self.body.get("refresh_token"), request.cookies.get(cookies.REFRESH)
        if not (sent or kept):
            raise refused("refresh_token", why="Send the refresh token here, or its cookie.")
        claims = tokens.read_refresh(sent or kept or "")
        if not sent:
            cookies.require_csrf(claims.session_id)
        return claims, not sent


class Logout(Resource):
    """The end of one session."""

    @declares(PUBLIC, **_SIGNS_OUT)
    def post(self) -> Response:
        """End this session; takes the access token in the header, or the refresh token there, in the body or cookie."""
        _user_id, session_id = self.prepared
        sessions.end_where(Session.id == session_id, reason="logout")
        return cookies.clear(answers.envelope(None, message="Signed out."))

    def before_post(self) -> tuple[uuid.UUID, uuid.UUID]:
        """Return the user and the live session of the first good token; one with a cookie needs the CSRF token."""
        scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
        given = [sent if scheme.lower() == "bearer" else "", self.body.get("refresh_token", "")]
        kept = request.cookies.get(cookies.REFRESH, "")
        if not (kept or any(given)):
            raise Unauthorized
        in_cookie = _claims_of(kept)
        claims = next(filter(None, map(_claims_of, given)), in_cookie)
        if claims is None:
            raise InvalidToken
        user_id, session_id = tokens.session_of(claims)
        if in_cookie and in_cookie.get("sid") == claims.get("sid"):
            cookies.require_csrf(session_id)
        elif claims.get("type") == "refresh" and sessions.uses_cookie(session_id):
            raise InvalidToken
        principal = live_principal(user_id, session_id)
        if principal is None:
            raise InvalidToken
        trails.current().actor = principal.actor()
        trails.current().actor_id = user_id
        trails.current().about(session_id)
        return user_id, session_id


def _claims_of(token: str) -> dict[str, Any] | None:
    """Return the claims of a well-signed token, or None."""
    with suppress(InvalidToken):
        return tokens.read(token)
    return None


class LogoutAll(Logout):
    """The end of all sessions."""

    @declares(PUBLIC, **_SIGNS_OUT)
    def post(self) -> Response:
        """End all sessions of the user, and know none but this device any longer."""
        user_id, session_id = self.prepared
        sessions.end_all(user_id=user_id, reason="logout_all")
        devices.forget(user_id, but=session_id)
        return cookies.clear(answers.envelope(None, message="Signed out everywhere."))


api.add_resource(Login, "/auth/login")
api.add_resource(Token, "/auth/token")
api.add_resource(Refresh, "/auth/refresh")
api.add_resource(Logout, "/auth/logout")
api.add_resource(LogoutAll, "/auth/logout-all")
