"""Signing in and out over HTTP."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask_jwt_extended import get_jwt

from server.core import answers, trail as trails
from server.core.access import PUBLIC
from server.core.declare import declares
from server.core.dump import entity_dumper
from server.core.errors import DomainError, InvalidToken, Unauthorized
from server.core.resource import Api, Resource
from server.modules.auth import queries, tokens
from server.modules.auth.me import me_of
from server.modules.auth.models import Session
from server.modules.auth.principals import live_principal
from server.modules.auth.schemas import (
    AcceptInvitationIn,
    ChangePasswordIn,
    ClaimsOut,
    LoginIn,
    LogoutIn,
    MeOut,
    MePatch,
    RefreshIn,
    SessionOut,
    SessionQuery,
    SignInOut,
    TokenIn,
    TokenOut,
)
from server.modules.auth.service import accounts, links, sessions
from server.modules.users import service as users
from server.modules.users.models import User
from server.modules.users.policies import Perm
from server.modules.users.schemas import UserOut

blueprint = Blueprint("auth", __name__)
api = Api(blueprint)

_SIGN_IN = {"status": 200, "object_type": "user", "idempotent": False, "out": SignInOut}
_REFUSALS = (accounts.BadCredentials, accounts.AccountDeactivated, accounts.EmailNotVerified)


def _device() -> sessions.Device:
    return sessions.Device(request.headers.get("User-Agent", ""), request.remote_addr or "")


def _signed_in(found: tuple[sessions.Pair, User], message: str) -> Response:
    pair, user = found
    trails.current().about(user.id)
    data: dict[str, Any] = {
        "access_token": pair.access_token,
        "refresh_token": pair.refresh_token,
        "token_type": "Bearer",
        "expires_in": pair.expires_in,
        "refresh_expires_in": pair.refresh_expires_in,
        "session_id": pair.session_id,
        "user": entity_dumper(UserOut)(user),
    }
    return answers.envelope(data, message=message)


class Login(Resource):
    """Sign-in by password."""

    @declares(PUBLIC, action="auth.login", rate="sign_in", body=LoginIn, problems=_REFUSALS, **_SIGN_IN)
    def post(self) -> Response:
        """Sign in with e-mail or user name and password."""
        return _signed_in(accounts.sign_in(self.prepared, device=_device()), "Signed in.")

    def before_post(self) -> accounts.Proof:
        """Check the password while no transaction is open."""
        return accounts.prove_identifier(self.body["identifier"], self.body["password"])


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
        pair, _user = accounts.sign_in(self.prepared, device=_device())
        return jsonify(
            access_token=pair.access_token,
            token_type="bearer",  # noqa: S106 - the name of a scheme
            expires_in=pair.expires_in,
            refresh_token=pair.refresh_token,
        )

    def before_post(self) -> accounts.Proof:
        """Check the password while no transaction is open."""
        try:
            return accounts.prove_identifier(self.body["username"], self.body["password"])
        except DomainError as refusal:
            refusal.details["error"] = "invalid_grant"  # what OAuth2 clients look for (RFC 6749, section 5.2)
            raise


class Refresh(Resource):
    """Rotation of tokens."""

    @declares(
        PUBLIC,
        action="auth.refresh",
        rate="refresh",
        body=RefreshIn,
        problems=(InvalidToken, sessions.TokenReused),
        **_SIGN_IN,
    )
    def post(self) -> Response:
        """Exchange a refresh token for new tokens; each works once."""
        return _signed_in(sessions.rotate(tokens.read_refresh(self.body["refresh_token"])), "Tokens renewed.")


class Logout(Resource):
    """The end of one session."""

    @declares(
        PUBLIC,
        action="auth.logout",
        object_type="session",
        body=LogoutIn,
        body_required=False,
        status=200,
        problems=(Unauthorized, InvalidToken),
    )
    def post(self) -> Response:
        """End this session; takes the access token in the header, or the refresh token there or in the body."""
        _user_id, session_id = self.prepared
        sessions.end_where(Session.id == session_id, reason="logout")
        return answers.envelope(None, message="Signed out.")

    def before_post(self) -> tuple[uuid.UUID, uuid.UUID]:
        """Return the user and the live session of whichever token was sent."""
        scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
        token = sent if scheme.lower() == "bearer" else self.body.get("refresh_token")
        if not token:
            raise Unauthorized
        user_id, session_id = tokens.session_of(tokens.read(token))
        principal = live_principal(user_id, session_id)
        if principal is None:
            raise InvalidToken
        trails.current().actor = principal.actor()
        trails.current().actor_id = user_id
        trails.current().about(session_id)
        return user_id, session_id


class LogoutAll(Logout):
    """The end of all sessions."""

    @declares(
        PUBLIC,
        action="auth.logout",
        object_type="session",
        body=LogoutIn,
        body_required=False,
        status=200,
        problems=(Unauthorized, InvalidToken),
    )
    def post(self) -> Response:
        """End all sessions of the user."""
        user_id, _session_id = self.prepared
        sessions.end_all(user_id=user_id, reason="logout_all")
        return answers.envelope(None, message="Signed out everywhere.")


class Me(Resource):
    """One's own account."""

    @declares(Perm.ACCOUNT, action="auth.me", object_type="user", out=MeOut)
    def get(self) -> Response:
        """Show one's own account with the permissions that its roles hold."""
        return self.show(me_of(self.connection, self.actor))

    @declares(Perm.ACCOUNT, action="auth.update_me", object_type="user", body=MePatch, out=MeOut, version="optional")
    def patch(self) -> Response:
        """Change one's own names, phone or language."""
        users.update_own(actor=self.actor, expected=self.expected, **self.body)
        return self.show(me_of(self.connection, self.actor), "Account changed.")


class VerifyToken(Resource):
    """The meaning of an access token."""

    @declares(Perm.ACCOUNT, action="auth.verify_token", object_type="session", out=ClaimsOut)
    def get(self) -> Response:
        """Show what this access token stands for, or answer 401."""
        data = {
            "user_id": self.actor.user_id,
            "session_id": self.actor.session_id,
            "roles": sorted(self.actor.roles),
            "expires_at": datetime.fromtimestamp(get_jwt()["exp"], UTC),
        }
        return answers.envelope(data)


class ChangePassword(Resource):
    """A new password."""

    @declares(
        Perm.ACCOUNT,
        action="auth.change_password",
        object_type="user",
        body=ChangePasswordIn,
        status=200,
        rate="sign_in",
        idempotent=False,
    )
    def post(self) -> Response:
        """Change one's own password and end one's other sessions."""
        proof, new_hash = self.prepared
        accounts.change_password(proof, actor=self.actor, new_hash=new_hash)
        trails.current().about(self.actor.user_id)
        return answers.envelope(None, message="Password changed; other sessions have ended.")

    def before_post(self) -> tuple[accounts.Proof, str]:
        """Check the old and hash the new password while no transaction is open."""
        proof = accounts.prove_own(self.actor, self.body["current_password"])
        return proof, accounts.hash_own_new(self.actor, self.body["new_password"])


class AcceptInvitation(Resource):
    """The opening of an invited account."""

    @declares(
        PUBLIC,
        action="auth.accept_invitation",
        rate="sign_in",
        body=AcceptInvitationIn,
        problems=(links.LinkInvalid,),
        **_SIGN_IN,
    )
    def post(self) -> Response:
        """Open an invited account: set its password, verify its e-mail and sign in."""
        found = accounts.accept_invitation(self.body["token"], new_hash=self.prepared, device=_device())
        return _signed_in(found, "Welcome.")

    def before_post(self) -> str:
        """Hash the password while no transaction is open."""
        return accounts.hash_for_invitation(self.body["token"], self.body["password"])


class SessionCollection(Resource):
    """One's own sessions."""

    @declares(
        Perm.ACCOUNT, action="auth.sessions", object_type="session", query=SessionQuery, out=SessionOut, many=True
    )
    def get(self) -> Response:
        """List one's own live sessions."""
        return self.page(queries.page_of_sessions(self.connection, self.actor, self.query))


class SessionItem(Resource):
    """One of one's own sessions."""

    @declares(Perm.ACCOUNT, action="auth.end_session", object_type="session")
    def delete(self, session_id: uuid.UUID) -> Response:
        """End one of one's own sessions; its next request fails."""
        sessions.end_session(actor=self.actor, session_id=session_id)
        trails.current().about(session_id)
        return self.gone()


api.add_resource(Login, "/auth/login")
api.add_resource(Token, "/auth/token")
api.add_resource(Refresh, "/auth/refresh")
api.add_resource(Logout, "/auth/logout")
api.add_resource(LogoutAll, "/auth/logout-all")
api.add_resource(Me, "/auth/me")
api.add_resource(VerifyToken, "/auth/verify-token")
api.add_resource(ChangePassword, "/auth/change-password")
api.add_resource(AcceptInvitation, "/auth/accept-invitation")
api.add_resource(SessionCollection, "/auth/sessions")
api.add_resource(SessionItem, "/auth/sessions/<uuid:session_id>")
