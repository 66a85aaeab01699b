"""Rules of accounts: who is invited, changed and deactivated, and that an admin always remains."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from server.core import clock
from server.core.access import Actor, Role
from server.core.columns import ANY_VERSION, Expected
from server.core.constraints import domain_error
from server.core.db import db
from server.core.errors import Conflict, Forbidden, NotFound, refused
from server.core.fields import normal_form
from server.core.ids import new_id
from server.core.search import search_text
from server.core.text import digits_of, fold, fold_key
from server.core.trail import current as trail
from server.modules.notifications.service import enqueue_mail
from server.modules.users.enums import UserStatus
from server.modules.users.models import EmailTaken, User, UsernameTaken, UserRole
from server.modules.users.signals import authority_changed, deactivated, email_change_asked

INVITATION_MAIL = "invitation"


class OwnAccount(Forbidden):
    """Nobody changes their own roles or status."""

    code = "own_account"


class LastAdmin(Conflict):
    """The last active admin must stay one."""

    code = "last_admin"


class AlreadyActive(Conflict):
    """Only an account that nobody has opened is invited; an open one resets its password, reactivate a closed one."""

    code = "already_active"


def invite(*, email: str, first_name: str, last_name: str, roles: Iterable[str], **fields: Any) -> User:
    """Make an account that its owner opens by the mailed invitation; nobody else ever sets its password."""
    user = create(email=email, first_name=first_name, last_name=last_name, roles=roles, **fields)
    _mail_invitation(user)
    return user


def invite_again(*, user_id: uuid.UUID) -> User:
    """Mail the owner of an account a fresh link, if nobody has opened it or proved its address yet."""
    user = get_for_update(user_id)
    if user.email_verified_at is not None or user.status == UserStatus.DEACTIVATED:
        raise AlreadyActive
    user.status = UserStatus.INVITED
    _mail_invitation(user)
    return user


def _mail_invitation(user: User) -> None:
    enqueue_mail(kind=INVITATION_MAIL, subject_id=user.id, dedupe_key=f"{INVITATION_MAIL}:{user.id}:{new_id()}")


def create(
    *,
    email: str,
    first_name: str,
    last_name: str,
    roles: Iterable[str],
    status: UserStatus = UserStatus.INVITED,
    **fields: Any,
) -> User:
    """Make an account that cannot sign in yet: invited, or active with an address that is not verified.

    One that nobody invited has its user name only once its address is proved, if the name is free then.
    """
    user = User(status=status)
    if fields.get("id"):
        user.id = fields.pop("id")
    _write(user, email=email, first_name=first_name, last_name=last_name, **fields)
    if status != UserStatus.INVITED:
        user.username_key = None
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
    # By spelling: mailboxes may tell "Ann" from "ann", though accounts do not.
    has_new_address = "email" in changes and changes["email"] != user.email
    waits = has_new_address and user.status != UserStatus.INVITED
    if waits:
        _ask_for_address(user, changes.pop("email"))
    _write(user, **changes)
    if roles is not None and set(roles) != set(user.roles):
        _change_roles(actor, user, roles)
    db.session.flush()
    if has_new_address and not waits:
        _mail_invitation(user)
    return user


def _ask_for_address(user: User, email: str) -> None:
    """Have the new address of an opened account confirmed; until then the old one stays."""
    if user.status == UserStatus.DEACTIVATED:
        raise refused("email", why="Reactivate the account first; its owner has to confirm a new address.")
    if is_taken(email, but_by=user.id):
        raise EmailTaken(errors={"email": [EmailTaken.default_message()]})
    email_change_asked.send(user=user, email=email)


def is_taken(email: str, *, but_by: uuid.UUID) -> bool:
    """Whether another account has this address."""
    stmt = select(User.id).where(User.email_key == normal_form(email), User.id != but_by)
    return db.session.scalar(stmt) is not None


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


def verify_email(*, user_id: uuid.UUID) -> User:
    """Note that the owner has proved the address; again, it changes nothing."""
    user = get_for_update(user_id)
    if user.email_verified_at is None:
        user.email_verified_at = clock.now()
        _claim_username(user)
        authority_changed.send(user=user)
    return user


def _claim_username(user: User) -> None:
    """Have the user name that was asked for belong to the account, or drop it where another has it."""
    db.session.flush()
    if user.username is None or user.username_key is not None:
        return
    try:
        with db.session.begin_nested():
            _write(user, username=user.username)
            db.session.flush()
    except IntegrityError as violation:
        if not isinstance(domain_error(violation), UsernameTaken):
            raise
        _write(user, username=None)
        db.session.flush()


def change_email(*, user_id: uuid.UUID, email: str) -> User:
    """Give the account an address that its owner has just proved."""
    user = get_for_update(user_id)
    _write(user, email=email)
    user.email_verified_at = clock.now()
    _claim_username(user)
    return user


def add_role(*, user_id: uuid.UUID, role: Role) -> User:
    """Give the account one more role; one that it has changes nothing."""
    user = get_for_update(user_id)
    if role not in user.roles:
        user.role_rows = [*user.role_rows, UserRole(role=role)]
        user.touch()
        db.session.flush()
        authority_changed.send(user=user)
    return user


def activate(*, user_id: uuid.UUID) -> User:
    """Open an account whose owner has proved the address and set a password."""
    user = get_for_update(user_id)
    user.status = UserStatus.ACTIVE
    user.email_verified_at = user.email_verified_at or clock.now()
    _claim_username(user)
    authority_changed.send(user=user)
    return user


def lock(*, user_id: uuid.UUID) -> bool:
    """Keep new sign-ins out of an active account; open sessions go on. False when it was not active."""
    user = get_for_update(user_id)
    if user.status != UserStatus.ACTIVE:
        return False
    user.status = UserStatus.LOCKED
    db.session.flush()
    return True


def unlock(*, user_id: uuid.UUID) -> User:
    """Let a locked account sign in again; another status stays as it is."""
    user = get_for_update(user_id)
    if user.status == UserStatus.LOCKED:
        user.status = UserStatus.ACTIVE
        db.session.flush()
    return user


def reopen(*, user_id: uuid.UUID, status: UserStatus) -> User:
    """Give a deactivated account back what it was, because closing it was a mistake; its sessions stay ended."""
    user = get_for_update(user_id)
    if user.status == UserStatus.DEACTIVATED:
        user.status = status
        db.session.flush()
        authority_changed.send(user=user)
    return user


def set_second_factor(*, user_id: uuid.UUID, is_on: bool) -> User:
    """Note whether the user signs in with a second factor."""
    user = get_for_update(user_id)
    user.mfa_enabled = is_on
    db.session.flush()
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
    if "username" in changes:
        user.username_key = normal_form(user.username) if user.username else None
    user.last_name_key = fold_key(user.last_name)
    user.search_text = search_text(
        fold(user.last_name),
        fold(user.first_name),
        fold(user.email),
        fold(user.username or ""),
        [digits_of(user.phone)] if user.phone else [],
    )
