"""Rules of signing in: who is let in, what is said to whom, how a password comes and changes.

Hashing takes a fifth of a second, so it is done before the unit of work (`prove_*`, `hash_*`), never while it holds
locks; what was proved is checked again inside.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import select

from server.core import clock, state, trail as trails
from server.core.access import Actor, Role
from server.core.db import db, reading
from server.core.errors import Forbidden, Unauthorized, refused
from server.core.fields import normal_form
from server.modules.auth import passwords, queries
from server.modules.auth.models import Credential, Purpose
from server.modules.auth.service import links, sessions
from server.modules.users import service as users
from server.modules.users.enums import UserStatus
from server.modules.users.models import User


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
    """A password that was right, and the hash that it was right for."""

    user_id: uuid.UUID
    password_hash: str


def prove_identifier(identifier: str, password: str) -> Proof:
    """Return the proof of a right password; unknown, known, locked and closed accounts refuse a wrong one alike."""
    account = queries.account_by_identifier(reading(), identifier)
    stored = account.password_hash if account else None
    if account is not None:
        trails.current().about(account.id)
    is_right = passwords.matches(password, stored)
    if account is None or stored is None or not is_right or account.status == UserStatus.LOCKED:
        raise BadCredentials
    if account.status == UserStatus.DEACTIVATED:
        raise AccountDeactivated
    if account.email_verified_at is None:
        raise EmailNotVerified
    return Proof(account.id, stored)


def sign_in(proof: Proof, *, device: sessions.Device) -> tuple[sessions.Pair, User]:
    """Open a session for whoever proved the password, if it still stands."""
    user = _still_proved(proof)
    if user.status != UserStatus.ACTIVE:
        raise BadCredentials
    return _let_in(user, device)


def _still_proved(proof: Proof) -> User:
    stored = db.session.scalar(select(Credential.password_hash).where(Credential.user_id == proof.user_id))
    user = db.session.get(User, proof.user_id, with_for_update=True)
    if user is None or stored != proof.password_hash:
        raise BadCredentials
    return user


def _let_in(user: User, device: sessions.Device) -> tuple[sessions.Pair, User]:
    pair = sessions.open_session(user=user, device=device)
    now = clock.now()
    users.note_sign_in(user_id=user.id, at=now)
    db.session.refresh(user)
    trail = trails.current()
    trail.actor_id = user.id
    trail.actor = Actor(user.id, pair.session_id, frozenset(user.roles), state.grid())
    return pair, user


def prove_own(actor: Actor, password: str) -> Proof:
    """Return the proof of one's own password, or a 422 that blames `current_password`."""
    stored = queries.password_hash(reading(), actor.user_id)
    if stored is None or not passwords.matches(password, stored):
        raise refused("current_password", why="Not your password.")
    return Proof(actor.user_id, stored)


def hash_own_new(actor: Actor, new_password: str) -> str:
    """Return the hash of a new password that is strong enough for its owner."""
    passwords.require_strong(new_password, _read_user(actor.user_id), field="new_password")
    return passwords.hash_password(new_password)


def change_password(proof: Proof, *, actor: Actor, new_hash: str) -> None:
    """Set one's new password and end one's other sessions."""
    _still_proved(proof)
    set_password(user_id=proof.user_id, new_hash=new_hash)
    sessions.end_all(user_id=proof.user_id, reason="password_changed", but=actor.session_id)


def hash_for_invitation(token: str, password: str) -> str:
    """Return the hash of an invited user's first password; the link is looked at but not yet spent."""
    user_id = links.owner_of(token, Purpose.INVITATION)
    passwords.require_strong(password, _read_user(user_id))
    return passwords.hash_password(password)


def accept_invitation(token: str, *, new_hash: str, device: sessions.Device) -> tuple[sessions.Pair, User]:
    """Open the invited account: the link proves the address, the password is set, the owner is signed in."""
    user_id = links.spend(token, Purpose.INVITATION)
    user = users.get_for_update(user_id)
    if user.status != UserStatus.INVITED:
        raise links.LinkInvalid
    set_password(user_id=user_id, new_hash=new_hash)
    users.activate(user_id=user_id)
    return _let_in(user, device)


def set_password(*, user_id: uuid.UUID, new_hash: str) -> None:
    """Store the hash of a user's password."""
    credential = db.session.get(Credential, user_id) or Credential(user_id=user_id)
    credential.password_hash = new_hash
    credential.changed_at = clock.now()
    db.session.add(credential)
    db.session.flush()


def create_admin(*, email: str, first_name: str, last_name: str, password: str) -> tuple[User, bool]:
    """Make an active admin, or return the one who has that address already; never changes an existing account."""
    existing = db.session.scalar(select(User).where(User.email_key == normal_form(email)))
    if existing is not None:
        if Role.ADMIN not in existing.roles or existing.status != UserStatus.ACTIVE:
            raise refused("email", why="Another account that is no active admin has this address.")
        return existing, False
    user = users.create(email=email, first_name=first_name, last_name=last_name, roles=[Role.ADMIN])
    passwords.require_strong(password, user)
    set_password(user_id=user.id, new_hash=passwords.hash_password(password))
    return users.activate(user_id=user.id), True


def _read_user(user_id: uuid.UUID) -> User:
    table = User.__table__
    row = (
        reading()
        .execute(
            select(table.c.first_name, table.c.last_name, table.c.email, table.c.username).where(table.c.id == user_id)
        )
        .one()
    )
    return User(**row._mapping)
