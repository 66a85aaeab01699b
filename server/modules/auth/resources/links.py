"""Asking for mailed links, and what they open, over HTTP. What strangers ask is answered alike, whoever exists."""

from __future__ import annotations

from flask import Response

from server.core import answers
from server.core.access import PUBLIC
from server.core.declare import declares
from server.core.errors import Conflict
from server.core.resource import Resource
from server.modules.auth.models import Purpose
from server.modules.auth.resources.routing import SIGNS_IN, api, device, signed_in
from server.modules.auth.schemas.links import (
    AcceptInvitationIn,
    EmailIn,
    RegisterIn,
    ResetPasswordIn,
    VerifyEmailIn,
)
from server.modules.auth.service import (
    addresses,
    entry,
    invitations,
    links,
    mailing,
    proofs,
    recovery,
    registration,
    throttle,
)
from server.modules.users.models import EmailTaken

_PUBLIC = {"object_type": "user", "status": 200, "rate": "link"}
_SENT = "If this address has an account, a mail is on its way."


class Register(Resource):
    """Self-registration of patients."""

    @declares(PUBLIC, action="auth.register", body=RegisterIn, **{**_PUBLIC, "status": 202})
    def post(self) -> Response:
        """Register as a patient; the mail that follows says how to go on.

        A user name is yours once the address is confirmed, unless somebody else has it by then.
        """
        first, may_mail = self.prepared
        facts = {name: value for name, value in self.body.items() if name != "password"}
        registration.register(**facts, first=first, may_mail=may_mail)
        return answers.envelope(None, message="Look into your mail to go on.", status=202)

    def before_post(self) -> tuple[registration.FirstPassword, bool]:
        """Hash the password, and count the mail, while no transaction is open."""
        names = {name: self.body[name] for name in ("email", "first_name", "last_name", "username")}
        first = registration.judge(self.body["password"], **names)
        return first, mailing.may_mail(registration.REGISTERED_AGAIN_MAIL, self.body["email"], opens=Purpose.RESET)


class AcceptInvitation(Resource):
    """The opening of an invited account."""

    @declares(
        PUBLIC,
        action="auth.accept_invitation",
        rate="sign_in",
        body=AcceptInvitationIn,
        problems=(
            links.LinkInvalid,
            proofs.BadCredentials,
            entry.MfaRequired,
            entry.MfaEnrollmentRequired,
            throttle.TooManyTries,
            Conflict,  # whatever the module of the chart has against it
        ),
        **SIGNS_IN,
    )
    def post(self) -> Response:
        """Open an invited account and sign in; an invitation to the portal also ties it to a chart."""
        return signed_in(invitations.accept(self.prepared, device=device(self.body)), "Welcome.")

    def before_post(self) -> invitations.Opening | invitations.Joining:
        """Hash or check the password while no transaction is open."""
        return invitations.prepare(self.body["token"], self.body["password"], device=device(self.body))


class VerifyEmail(Resource):
    """The proof of an address."""

    @declares(
        PUBLIC, action="auth.verify_email", body=VerifyEmailIn, problems=(links.LinkInvalid, EmailTaken), **_PUBLIC
    )
    def post(self) -> Response:
        """Confirm the address that a link was mailed to."""
        addresses.verify(self.body["token"])
        return answers.envelope(None, message="Address confirmed.")


class ResendVerification(Resource):
    """Another link to confirm an address."""

    @declares(PUBLIC, action="auth.resend_verification", body=EmailIn, **_PUBLIC)
    def post(self) -> Response:
        """Have the mail that asks to confirm an address sent again."""
        if self.prepared:
            mailing.enqueue_for(self.body["email"], kind=addresses.VERIFICATION_MAIL)
        return answers.envelope(None, message=_SENT)

    def before_post(self) -> bool:
        """Count the mail while no transaction is open."""
        return mailing.may_mail(addresses.VERIFICATION_MAIL, self.body["email"], opens=Purpose.VERIFICATION)


class ForgotPassword(Resource):
    """A link to set a new password."""

    @declares(PUBLIC, action="auth.forgot_password", body=EmailIn, **_PUBLIC)
    def post(self) -> Response:
        """Have a link to set a new password mailed."""
        if self.prepared:
            mailing.enqueue_for(self.body["email"], kind=recovery.RESET_MAIL)
        return answers.envelope(None, message=_SENT)

    def before_post(self) -> bool:
        """Count the mail while no transaction is open."""
        return mailing.may_mail(recovery.RESET_MAIL, self.body["email"], opens=Purpose.RESET)


class ResetPassword(Resource):
    """A new password by a mailed link."""

    @declares(PUBLIC, action="auth.reset_password", body=ResetPasswordIn, problems=(links.LinkInvalid,), **_PUBLIC)
    def post(self) -> Response:
        """Set a new password by a mailed link and end all sessions; sign in afterwards."""
        recovery.reset_password(self.body["token"], new_hash=self.prepared)
        return answers.envelope(None, message="Password changed; all sessions have ended. Sign in again.")

    def before_post(self) -> str:
        """Hash the password while no transaction is open."""
        return recovery.hash_for_reset(self.body["token"], self.body["new_password"])


api.add_resource(Register, "/auth/register")
api.add_resource(AcceptInvitation, "/auth/accept-invitation")
api.add_resource(VerifyEmail, "/auth/verify-email")
api.add_resource(ResendVerification, "/auth/resend-verification")
api.add_resource(ForgotPassword, "/auth/forgot-password")
api.add_resource(ResetPassword, "/auth/reset-password")
