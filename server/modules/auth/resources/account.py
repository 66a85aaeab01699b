"""One's own account over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Response

from server.core import answers, trail as trails
from server.core.declare import declares
from server.core.resource import Resource
from server.modules.auth import principals
from server.modules.auth.me import me_of
from server.modules.auth.models import Purpose
from server.modules.auth.resources.routing import api
from server.modules.auth.schemas.account import ChangeEmailIn, ChangePasswordIn, ClaimsOut, MeOut, MePatch
from server.modules.auth.service import accounts, addresses, mailing, proofs, throttle
from server.modules.notifications import service as notifications
from server.modules.users import service as users
from server.modules.users.policies import Perm


class Me(Resource):
    """One's own account."""

    @declares(Perm.ACCOUNT, action="auth.me", object_type="user", out=MeOut)
    def get(self) -> Response:
        """Show one's own account with the permissions that its roles hold."""
        return self.show(me_of(self.connection, self.actor))

    @declares(Perm.ACCOUNT, action="auth.update_me", object_type="user", body=MePatch, out=MeOut, version="optional")
    def patch(self) -> Response:
        """Change one's own names, phone or language, and of what one wishes to hear."""
        notifications.choose(actor=self.actor, wishes=self.body.pop("notification_preferences", {}))
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
            "expires_at": datetime.fromtimestamp(principals.access().expires_at, UTC),
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

    def before_post(self) -> tuple[proofs.Proof, str]:
        """Check the old and hash the new password while no transaction is open."""
        proof = proofs.prove_own(self.actor, self.body["current_password"])
        return proof, accounts.hash_own_new(self.actor, self.body["new_password"])


class ChangeEmail(Resource):
    """Another address."""

    @declares(
        Perm.ACCOUNT,
        action="auth.change_email",
        object_type="user",
        body=ChangeEmailIn,
        status=200,
        rate="link",
        idempotent=False,
        problems=(throttle.TooManyTries,),
    )
    def post(self) -> Response:
        """Ask for another address; it counts once the link mailed there has been opened."""
        proof, may_mail = self.prepared
        addresses.ask_for_change(proof, actor=self.actor, new_email=self.body["new_email"], may_mail=may_mail)
        return answers.envelope(None, message="Look into the mail of the new address to go on.")

    def before_post(self) -> tuple[proofs.Proof, bool]:
        """Check the password, and count the mail, while no transaction is open."""
        proof = proofs.prove_own(self.actor, self.body["password"], field="password")
        kind, opens = addresses.EMAIL_CHANGE_MAIL, Purpose.EMAIL_CHANGE
        throttle.reserve(mailing.counter(kind, str(self.actor.user_id), opens=opens))
        return proof, mailing.may_mail(kind, self.body["new_email"], opens=opens)


api.add_resource(Me, "/auth/me")
api.add_resource(VerifyToken, "/auth/verify-token")
api.add_resource(ChangePassword, "/auth/change-password")
api.add_resource(ChangeEmail, "/auth/change-email")
