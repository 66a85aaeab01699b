"""Rules of passwords: how one comes and changes.

Hashing takes a fifth of a second, so it is done before the unit of work (`hash_*`), never while it holds locks.
"""

from __future__ import annotations

import uuid

from sqlalchemy import delete, select

from server.core import clock
from server.core.access import Actor, Role
from server.core.db import db, reading
from server.core.errors import refused
from server.core.fields import normal_form
from server.modules.auth import passwords
from server.modules.auth.models import Credential, Purpose
from server.modules.auth.service import links, proofs, sessions
from server.modules.notifications.enums import SecurityEvent
from server.modules.notifications.service import tell_of_security
from server.modules.users import service as users
from server.modules.users.enums import UserStatus
from server.modules.users.models import User


def hash_own_new(actor: Actor, new_password: str) -> str:
    """Return the hash of a new password that is strong enough for its owner."""
    passwords.require_strong(new_password, read_user(actor.user_id), field="new_password")
    return passwords.hash_password(new_password)


def change_password(proof: proofs.Proof, *, actor: Actor, new_hash: str) -> None:
    """Set one's new password and end one's other sessions."""
    proofs.confirm(proof)
    set_password(user_id=proof.user_id, new_hash=new_hash)
    links.revoke(proof.user_id, Purpose.RESET, Purpose.EMAIL_CHANGE)
    sessions.end_all(user_id=proof.user_id, reason="password_changed", but=actor.session_id)
    tell_of_security(user_id=proof.user_id, event=SecurityEvent.PASSWORD_CHANGED)


def set_password(*, user_id: uuid.UUID, new_hash: str) -> None:
    """Store the hash of a user's password."""
    credential = db.session.get(Credential, user_id) or Credential(user_id=user_id)
    credential.password_hash = new_hash
    credential.changed_at = clock.now()
    db.session.add(credential)
    db.session.flush()


def forget_password(*, user_id: uuid.UUID) -> None:
    """Have a user without a password until a mailed link sets one."""
    db.session.execute(delete(Credential).where(Credential.user_id == user_id))


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


def read_user(user_id: uuid.UUID) -> User:
    """Return the names of a user, by which a password is judged; no transaction may be open."""
    table = User.__table__
    row = (
        reading()
        .execute(
            select(table.c.first_name, table.c.last_name, table.c.email, table.c.username).where(table.c.id == user_id)
        )
        .one()
    )
    return User(**row._mapping)
