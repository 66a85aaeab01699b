"""Second factors over HTTP."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response, request

from server.core import answers, trail as trails
from server.core.access import PUBLIC
from server.core.declare import declares
from server.core.errors import Unauthorized
from server.core.resource import Resource, authenticated
from server.modules.auth.resources.routing import SIGNS_IN, api, device, signed_in
from server.modules.auth.schemas.mfa import (
    ConfirmIn,
    ConfirmOut,
    EnrollIn,
    EnrollOut,
    OwnSecretsIn,
    RecoveryCodesOut,
    VerifyIn,
)
from server.modules.auth.service import entry, proofs, second_factors, sessions, throttle
from server.modules.users import service as users
from server.modules.users.models import User
from server.modules.users.policies import Perm

_ENROLMENT = {"status": 200, "object_type": "user", "rate": "sign_in", "idempotent": False}
_REFUSALS = (Unauthorized, second_factors.PassInvalid, throttle.TooManyTries)


class _Enrolment(Resource):
    """Open to whoever is signed in, and to whoever has an `mfa_token` that a sign-in answered."""

    def whose(self) -> tuple[uuid.UUID, second_factors.Pass | None]:
        """Return the user, and the pass if it is by one that they come."""
        token = self.body.get("mfa_token")
        if token is None:
            return authenticated().user_id, None
        ticket = second_factors.read_pass(token, opens="enroll")
        return ticket.user_id, ticket

    @staticmethod
    def locked(user_id: uuid.UUID, ticket: second_factors.Pass | None) -> User:
        """Return the user, the row locked."""
        trails.current().about(user_id)
        return entry.confirm_pass(ticket) if ticket else users.get_for_update(user_id)


class MfaEnroll(_Enrolment):
    """The beginning of a second factor."""

    @declares(
        PUBLIC,
        action="auth.mfa_enroll",
        takes_token=True,
        body=EnrollIn,
        body_required=False,
        out=EnrollOut,
        problems=(*_REFUSALS, second_factors.AlreadyEnabled),
        **_ENROLMENT,
    )
    def post(self) -> Response:
        """Make a TOTP secret for an authenticator app; it counts once its first code is confirmed."""
        enrolment = second_factors.enrol(self.locked(*self.prepared))
        return answers.envelope(vars(enrolment), message="Scan the code, then confirm with what the app shows.")

    def before_post(self) -> tuple[uuid.UUID, second_factors.Pass | None]:
        """Find out whose second factor this is."""
        return self.whose()


class MfaConfirm(_Enrolment):
    """The end of an enrolment."""

    @declares(
        PUBLIC,
        action="auth.mfa_confirm",
        takes_token=True,
        body=ConfirmIn,
        out=ConfirmOut,
        problems=(*_REFUSALS, second_factors.NotEnrolled, second_factors.AlreadyEnabled),
        **_ENROLMENT,
    )
    def post(self) -> Response:
        """Turn the second factor on and show the recovery codes once; with an `mfa_token` this also signs in."""
        user_id, ticket, factor = self.prepared
        user = self.locked(user_id, ticket)
        codes = second_factors.switch_on(user, factor)
        if ticket is None:
            return answers.envelope({"recovery_codes": codes}, message="Second factor on. Keep the recovery codes.")
        where = device({"cookie": ticket.wants_cookie})
        found = entry.open_door(user, device=where, device_id=ticket.device_id)
        return signed_in(found, "Second factor on. Keep the recovery codes.", recovery_codes=codes)

    def before_post(self) -> tuple[uuid.UUID, second_factors.Pass | None, second_factors.Factor]:
        """Check the code while no transaction is open."""
        user_id, ticket = self.whose()
        return user_id, ticket, second_factors.prove_pending(user_id, self.body["code"])


class MfaVerify(Resource):
    """The second half of a sign-in."""

    @declares(
        PUBLIC,
        action="auth.login",
        rate="sign_in",
        body=VerifyIn,
        problems=(*_REFUSALS, second_factors.WrongCode),
        **SIGNS_IN,
    )
    def post(self) -> Response:
        """Sign in with the code of the second factor, or with a recovery code."""
        ticket, factor = self.prepared
        where = device({"cookie": ticket.wants_cookie})
        return signed_in(entry.verify(ticket, factor, device=where), "Signed in.")

    def before_post(self) -> tuple[second_factors.Pass, second_factors.Factor]:
        """Check the code while no transaction is open."""
        ticket = second_factors.read_pass(self.body["mfa_token"], opens="verify")
        trails.current().about(ticket.user_id)
        return ticket, second_factors.prove(
            ticket.user_id, self.body["code"], device_id=ticket.device_id, address=request.remote_addr or ""
        )


class _Change(Resource):
    """What changes a second factor asks for the password and a code."""

    def before_post(self) -> tuple[proofs.Proof, second_factors.Factor]:
        """Check both while no transaction is open."""
        proof = proofs.prove_own(self.actor, self.body["password"], field="password")
        return proof, second_factors.prove_own(self.actor.user_id, self.body["code"])

    def confirmed(self) -> uuid.UUID:
        """Return the user once both still stand, and use the code up."""
        proof, factor = self.prepared
        proofs.confirm(proof)
        second_factors.spend(proof.user_id, factor)
        trails.current().about(proof.user_id)
        return proof.user_id


_CHANGE: dict[str, Any] = {**_ENROLMENT, "body": OwnSecretsIn, "problems": (throttle.TooManyTries,)}


class MfaDisable(_Change):
    """The end of a second factor."""

    @declares(Perm.ACCOUNT, action="auth.mfa_disable", **_CHANGE)
    def post(self) -> Response:
        """Turn one's second factor off; a role that needs one signs in again with a new one."""
        user_id = self.confirmed()
        second_factors.switch_off(user_id)
        if sessions.owes_factor(self.actor.roles):
            sessions.end_all(user_id=user_id, reason="mfa_required")
            return answers.envelope(None, message="Second factor off. Your role needs one: sign in and set it up anew.")
        return answers.envelope(None, message="Second factor off.")


class MfaRecoveryCodes(_Change):
    """Recovery codes."""

    @declares(Perm.ACCOUNT, action="auth.mfa_recovery_codes", out=RecoveryCodesOut, **_CHANGE)
    def post(self) -> Response:
        """Make ten new recovery codes, shown this once; the former ones die."""
        codes = second_factors.renew_recovery_codes(self.confirmed())
        return answers.envelope({"recovery_codes": codes}, message="Keep them; the former ones no longer work.")


api.add_resource(MfaEnroll, "/auth/mfa/enroll")
api.add_resource(MfaConfirm, "/auth/mfa/confirm")
api.add_resource(MfaVerify, "/auth/mfa/verify")
api.add_resource(MfaDisable, "/auth/mfa/disable")
api.add_resource(MfaRecoveryCodes, "/auth/mfa/recovery-codes")
