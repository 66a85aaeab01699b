"""Prove who somebody is by their password: checked before the unit of work, counted before it is checked.

Hashing takes a fifth of a second, so nothing here holds a lock; what was proved is checked again inside.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from server.core import state, trail as trails
from server.core.access import Actor
from server.core.db import db, reading
from server.core.errors import Forbidden, Unauthorized, Unavailable, refused
from server.core.uow import command
from server.modules.auth import passwords, queries
from server.modules.auth.models import Credential
from server.modules.auth.service import devices, throttle
from server.modules.auth.service.sessions import Device
from server.modules.notifications.enums import SecurityEvent
from server.modules.notifications.service import tell_of_security
from server.modules.users import service as users
from server.modules.users.enums import UserStatus
from server.modules.users.models import User

LOCKED_MAIL = "account_locked"


class BadCredentials(Unauthorized):
    """The identifier or the password is wrong."""

    code = "bad_credentials"


class EmailNotVerified(Forbidden):
    """Confirm your e-mail address first."""

    code = "email_not_verified"


class AccountDeactivated(Forbidden):
    """This account has been deactivated."""

    code = "account_deactivated"


@dataclass(frozen=True)
class Proof:
    """A password that was right, when it had been set, and the known device that it came from.

    `new_hash` is of the same password, where the stored one is of another kind or cost than is wanted now.
    """

    user_id: uuid.UUID
    set_at: datetime
    has_factor: bool = False
    device_id: uuid.UUID | None = None
    new_hash: str | None = None


def prove_identifier(identifier: str, password: str, *, device: Device) -> Proof:
    """Return the proof of a right password; unknown, known, locked and closed accounts refuse a wrong one alike.

    Failures count for the account and the address, on a known device for that device alone: strangers cannot keep the
    owner out. A locked account opens on a known device only.
    """
    account = queries.account_by_identifier(reading(), identifier)
    user_id, stored = (account.id, account.password_hash) if account else (None, None)
    if account is not None:
        trails.current().about(account.id)
    device_id = devices.recognise(device.token, user_id)
    counters = _counters(device_id, user_id, identifier, device.address)
    if not _matches(password, stored, user_id, counters):
        raise BadCredentials
    if account is None or stored is None:  # never: without a stored hash no password matches
        raise BadCredentials
    if account.status == UserStatus.LOCKED and device_id is None:
        # The try stays counted: given back, it would tell that the password is right.
        raise BadCredentials
    throttle.release(*counters)
    if device_id is not None:
        throttle.end_row(throttle.of_account(user_id, identifier))
    if account.status == UserStatus.DEACTIVATED:
        raise AccountDeactivated
    if account.email_verified_at is None:
        raise EmailNotVerified
    new_hash = passwords.renewed(password, stored)
    return Proof(account.id, account.changed_at, account.mfa_enabled, device_id, new_hash)


def _matches(
    password: str, stored: str | None, user_id: uuid.UUID | None, counters: tuple[throttle.Counter, ...]
) -> bool:
    """Whether the password is right; a failure is counted before it is checked, and too many in a row lock."""
    failures = throttle.reserve(*counters)
    try:
        is_right = passwords.matches(password, stored)
    except Unavailable:
        throttle.take_back(*counters)
        raise
    if not is_right and user_id is not None:
        lock_after(failures, user_id)
    return is_right


def _counters(
    device_id: uuid.UUID | None, user_id: uuid.UUID | None, identifier: str, address: str
) -> tuple[throttle.Counter, ...]:
    if device_id is not None:
        return (throttle.of_device(device_id),)
    return throttle.of_account(user_id, identifier), throttle.of_address(address)


def lock_after(failures: int, user_id: uuid.UUID) -> None:
    """Lock an active account after too many failures in a row, in a unit of work of its own, and mail its owner."""
    if failures < state.settings().sign_in_lock_after:
        return
    with command("auth.lock", "user"):
        if users.lock(user_id=user_id):
            tell_of_security(user_id=user_id, event=SecurityEvent.ACCOUNT_LOCKED, mail=LOCKED_MAIL)


def confirm(proof: Proof) -> User:
    """Return the user, the row locked for update, if what was proved still stands."""
    user = db.session.get(User, proof.user_id, with_for_update=True)
    credential = db.session.get(Credential, proof.user_id, populate_existing=True)
    if user is None or credential is None or credential.changed_at != proof.set_at:
        raise BadCredentials
    if proof.new_hash is not None:
        credential.password_hash = proof.new_hash
    db.session.flush()
    return user


def prove_own(actor: Actor, password: str, *, field: str = "current_password") -> Proof:
    """Return the proof of one's own password, or a 422 that blames `field`; counted like a sign-in."""
    return _prove(actor.user_id, password, (throttle.of_account(actor.user_id, "", what="own password"),), field)


def prove_user(user_id: uuid.UUID, password: str, *, device: Device, field: str = "password") -> Proof:
    """Return the proof of the password of a user whom a mailed link names, or a 422; counted as a sign-in."""
    return _prove(user_id, password, _counters(None, user_id, "", device.address), field)


def _prove(user_id: uuid.UUID, password: str, counters: tuple[throttle.Counter, ...], field: str) -> Proof:
    found = queries.password_of(reading(), user_id)
    if not _matches(password, found.password_hash if found else None, user_id, counters) or found is None:
        raise refused(field, why="Not your password.")
    throttle.release(*counters)
    return Proof(user_id, found.changed_at)
