"""Let somebody in who has proved who they are: at once, or after a second factor where they have or owe one."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select

from server.core import clock, state, trail as trails
from server.core.access import Actor
from server.core.db import db
from server.core.errors import DomainError, Unauthorized
from server.modules.auth.models import Credential
from server.modules.auth.service import proofs, second_factors, sessions, throttle
from server.modules.users import service as users
from server.modules.users.enums import UserStatus
from server.modules.users.models import User

Found = tuple[sessions.Pair, User]


class MfaRequired(Unauthorized):
    """The password is right; send the code of your second factor with this `mfa_token` to `/auth/mfa/verify`."""

    code = "mfa_required"
    keeps_changes = True


class MfaEnrollmentRequired(Unauthorized):
    """The password is right; your role needs a second factor, set it up with this `mfa_token` (`/auth/mfa/enroll`)."""

    code = "mfa_enrollment_required"
    keeps_changes = True


@dataclass(frozen=True)
class Knock:
    """A right password and, where one was sent, a right second factor."""

    proof: proofs.Proof
    factor: second_factors.Factor | None = None


def knock(identifier: str, password: str, *, device: sessions.Device, otp: str | None = None) -> Knock:
    """Return what the caller has proved, while no transaction is open."""
    proof = proofs.prove_identifier(identifier, password, device=device)
    if otp is None or not proof.has_factor:
        return Knock(proof)
    return Knock(proof, second_factors.prove(proof.user_id, otp, device_id=proof.device_id, address=device.address))


def sign_in(said: Knock, *, device: sessions.Device) -> Found:
    """Open a session for whoever proved the password and, where it is asked for, the second factor."""
    user = proofs.confirm(said.proof)
    if user.status == UserStatus.LOCKED and said.proof.device_id is not None:
        users.unlock(user_id=user.id)
        throttle.clear(user.id)
    if user.status != UserStatus.ACTIVE:
        raise proofs.BadCredentials
    if user.mfa_enabled and said.factor is not None:
        second_factors.spend(user.id, said.factor)
        return open_door(user, device=device, device_id=said.proof.device_id)
    return let_in(user, device=device, device_id=said.proof.device_id)


def let_in(user: User, *, device: sessions.Device, device_id: uuid.UUID | None = None) -> Found:
    """Open a session, unless a second factor stands between: then raise `MfaRequired` or `MfaEnrollmentRequired`."""
    if user.status != UserStatus.ACTIVE:
        raise proofs.BadCredentials
    if user.mfa_enabled:
        raise _asking(MfaRequired, user, "verify", device, device_id)
    if sessions.owes_factor(user.roles):
        raise _asking(MfaEnrollmentRequired, user, "enroll", device, device_id)
    return open_door(user, device=device, device_id=device_id)


def _asking(
    refusal: type[Unauthorized], user: User, opens: str, device: sessions.Device, device_id: uuid.UUID | None
) -> DomainError:
    trails.current().about(user.id)
    set_at = db.session.scalars(_set_at(user.id)).one()
    token = second_factors.issue_pass(
        user.id, opens=opens, set_at=set_at, device_id=device_id, cookie=device.wants_cookie
    )
    return refusal(mfa_token=token)


def confirm_pass(ticket: second_factors.Pass) -> User:
    """Return the user of an `mfa_token`, the row locked, if its password still stands and they may sign in."""
    user = db.session.get(User, ticket.user_id, with_for_update=True)
    set_at = db.session.scalar(_set_at(ticket.user_id))
    if user is None or set_at is None or set_at.isoformat() != ticket.password_set_at:
        raise second_factors.PassInvalid
    if user.status != UserStatus.ACTIVE:
        raise second_factors.PassInvalid
    return user


def _set_at(user_id: uuid.UUID) -> Select[datetime]:
    return select(Credential.changed_at).where(Credential.user_id == user_id)


def verify(ticket: second_factors.Pass, factor: second_factors.Factor, *, device: sessions.Device) -> Found:
    """Open the session that waited for a second factor."""
    user = confirm_pass(ticket)
    second_factors.spend(user.id, factor)
    return open_door(user, device=device, device_id=ticket.device_id)


def open_door(user: User, *, device: sessions.Device, device_id: uuid.UUID | None = None) -> Found:
    """Open a session and remember the device."""
    pair = sessions.open_session(user=user, device=device, device_id=device_id)
    users.note_sign_in(user_id=user.id, at=clock.now())
    db.session.refresh(user)
    trail = trails.current()
    trail.actor_id = user.id
    trail.actor = Actor(user.id, pair.session_id, frozenset(user.roles), state.grid())
    return pair, user
