"""What admins do with the accounts of others: unlock, reactivate, sign out, invite again."""

from __future__ import annotations

import uuid

from server.core import trail as trails
from server.core.access import Actor
from server.core.db import db
from server.modules.auth.models import Credential, Purpose
from server.modules.auth.service import accounts, devices, links, sessions, throttle
from server.modules.users import service as users
from server.modules.users.enums import UserStatus
from server.modules.users.models import User
from server.modules.users.signals import reopening


def unlock(*, actor: Actor, user_id: uuid.UUID) -> User:
    """Let a locked account sign in again; any other stays as it is."""
    _require_another(actor, user_id)
    user = users.unlock(user_id=user_id)
    throttle.clear(user_id)
    return user


def reactivate(*, actor: Actor, user_id: uuid.UUID) -> User:
    """Take a deactivation back; who had never opened the account is invited afresh."""
    _require_another(actor, user_id)
    user = users.get_for_update(user_id)
    if user.status != UserStatus.DEACTIVATED:
        return user
    reopening.send(user=user)
    if db.session.get(Credential, user_id) is not None and user.email_verified_at is not None:
        return users.reopen(user_id=user_id, status=UserStatus.ACTIVE)
    users.reopen(user_id=user_id, status=UserStatus.INVITED)
    return users.invite_again(user_id=user_id)


def sign_out(*, user_id: uuid.UUID) -> User:
    """End all sessions of a user, and know none of the devices any longer."""
    user = users.get_for_update(user_id)
    trails.current().about(user_id)
    devices.forget(user_id)
    sessions.end_all(user_id=user_id, reason="ended_by_admin")
    return user


def invite_again(*, user_id: uuid.UUID) -> User:
    """Mail a fresh invitation; the old link dies at once, not only when the mail leaves.

    What somebody registered with this address and never confirmed becomes the owner's: its password is void.
    """
    user = users.invite_again(user_id=user_id)
    accounts.forget_password(user_id=user_id)
    links.revoke(user_id, *Purpose)
    trails.current().about(user_id)
    return user


def _require_another(actor: Actor, user_id: uuid.UUID) -> None:
    trails.current().about(user_id)
    if actor.user_id == user_id:
        raise users.OwnAccount
