"""Rules of accounts: who is invited, changed and deactivated, and that an admin always remains."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from server.core import clock
from server.core.access import Actor, Role
from server.core.columns import ANY_VERSION, Expected
from server.core.db import db
from server.core.errors import Conflict, Forbidden, NotFound, refused
from server.core.fields import normal_form
from server.core.ids import new_id
from server.core.search import search_text
from server.core.text import digits_of, fold, fold_key
from server.core.trail import current as trail
from server.modules.notifications.service import enqueue_mail
from server.modules.users.enums import UserStatus
from server.modules.users.models import User, UserRole
from server.modules.users.signals import authority_changed, deactivated

INVITATION_MAIL = "invitation"


class OwnAccount(Forbidden):
    """Nobody changes their own roles or status."""

    code = "own_account"


class LastAdmin(Conflict):
    """The last active admin must stay one."""

    code = "last_admin"


def invite(*, email: str, first_name: str, last_name: str, roles: Iterable[str], **fields: Any) -> User:
    """Make an account that its owner opens by the mailed invitation; nobody else ever sets its password."""
    user = create(email=email, first_name=first_name, last_name=last_name, roles=roles, **fields)
    enqueue_mail(kind=INVITATION_MAIL, subject_id=user.id, dedupe_key=f"{INVITATION_MAIL}:{user.id}:{new_id()}")
    return user


def create(*, email: str, first_name: str, last_name: str, roles: Iterable[str], **fields: Any) -> User:
    """Make an account that cannot sign in yet."""
    user = User(status=UserStatus.INVITED)
    if fields.get("id"):
        user.id = fields.pop("id")
    _write(user, email=email, first_name=first_name, last_name=last_name, **fields)
    user.role_rows = [UserRole(role=role) for role in roles]
    db.session.add(user)
    db.session.flush()
    trail().changed.add("roles")
    trail().values_after["roles"] = list(user.roles)
    return user


def update_user(*, actor: Actor, user_id: uuid.UUID, expected: Expected = ANY_VERSION, **changes: Any) -> User:
    """Change an account; new roles act on the user's next request."""
    if "roles" in changes:
        _lock_admins()
    user = get_for_update(user_id)
    user.require(expected)
    roles = changes.pop("roles", None)
    if "email" in changes and normal_form(changes["email"]) != user.email_key and user.status != UserStatus.INVITED:
        raise refused("email", why="The address of an opened account changes only by its owner's confirmation.")
    has_new_address = "email" in changes and normal_form(changes["email"]) != user.email_key
    _write(user, **changes)
    if roles is not None and set(roles) != set(user.roles):
        _change_roles(actor, user, roles)
    db.session.flush()
    if has_new_address:
        enqueue_mail(kind=INVITATION_MAIL, subject_id=user.id, dedupe_key=f"{INVITATION_MAIL}:{user.id}:{new_id()}")
    return user


def _change_roles(actor: Actor, user: User, roles: Iterable[str]) -> None:
    if user.id == actor.user_id:
        raise OwnAccount
    wanted = {Role(role) for role in roles}
    if Role.ADMIN in user.roles and Role.ADMIN not in wanted:
        _require_another_admin(user)
    trail().values_before["roles"] = list(user.roles)
    user.role_rows = [row for row in user.role_rows if row.role in wanted] + [
        UserRole(role=role) for role in sorted(wanted - set(user.roles))
    ]
    user.touch()
    trail().changed.add("roles")
    trail().values_after["roles"] = sorted(wanted)
    authority_changed.send(user=user)


def deactivate(*, actor: Actor, user_id: uuid.UUID, expected: Expected = ANY_VERSION) -> None:
    """End a user's access at once; the account and all it did stay. Again, it changes nothing."""
    _lock_admins()
    user = get_for_update(user_id)
    if user.status == UserStatus.DEACTIVATED:
        return
    if user.id == actor.user_id:
        raise OwnAccount
    user.require(expected)
    if Role.ADMIN in user.roles:
        _require_another_admin(user)
    user.status = UserStatus.DEACTIVATED
    db.session.flush()
    deactivated.send(user=user)


def _lock_admins() -> None:
    """Take the rows of all admins in one order, then the user who changes: rivals never wait in a ring."""
    db.session.scalars(
        select(User.id)
        .where(User.id.in_(select(UserRole.user_id).where(UserRole.role == Role.ADMIN)))
        .order_by(User.id)
        .with_for_update()
    ).all()


def _require_another_admin(leaving: User) -> None:
    """Raise `LastAdmin` unless another active one remains; asked after the lock, so that it sees what a rival did."""
    others = db.session.scalar(
        select(User.id)
        .join(UserRole, UserRole.user_id == User.id)
        .where(UserRole.role == Role.ADMIN, User.status == UserStatus.ACTIVE, User.id != leaving.id)
        .limit(1)
    )
    if others is None:
        raise LastAdmin


def activate(*, user_id: uuid.UUID) -> User:
    """Open an account whose owner has proved the address and set a password."""
    user = get_for_update(user_id)
    user.status = UserStatus.ACTIVE
    user.email_verified_at = user.email_verified_at or clock.now()
    db.session.flush()
    authority_changed.send(user=user)
    return user


def note_sign_in(*, user_id: uuid.UUID, at: datetime) -> None:
    """Remember the last sign-in; this is no change of the account and leaves its version."""
    table = User.__table__
    db.session.execute(
        update(table).where(table.c.id == user_id).values(last_login_at=at, updated_at=table.c.updated_at)
    )


def update_own(*, actor: Actor, expected: Expected = ANY_VERSION, **changes: Any) -> User:
    """Change one's own names, phone and language."""
    user = get_for_update(actor.user_id)
    user.require(expected)
    _write(user, **changes)
    db.session.flush()
    return user


def get_for_update(user_id: uuid.UUID) -> User:
    """Return the account, its row locked until the end of the unit of work, or raise `NotFound`."""
    user = db.session.get(User, user_id, with_for_update=True)
    if user is None:
        raise NotFound
    return user


def _write(user: User, **changes: Any) -> None:
    for name, value in changes.items():
        setattr(user, name, value)
    user.email_key = normal_form(user.email)
    user.username_key = normal_form(user.username) if user.username else None
    user.last_name_key = fold_key(user.last_name)
    user.search_text = search_text(
        fold(user.last_name),
        fold(user.first_name),
        fold(user.email),
        fold(user.username or ""),
        [digits_of(user.phone)] if user.phone else [],
    )
