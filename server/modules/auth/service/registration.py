"""Rules of self-registration: an account that can do nothing until its address is proved.

Whether the address has an account already is told to its owner by mail and to nobody else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from server.core import clock, trail as trails
from server.core.access import Role
from server.core.constraints import domain_error
from server.core.db import db, reading
from server.core.errors import Unavailable
from server.core.ids import new_id
from server.modules.auth import passwords, queries, signals
from server.modules.auth.service import accounts, addresses, mailing
from server.modules.notifications.service import enqueue_mail
from server.modules.users import service as users
from server.modules.users.enums import UserStatus
from server.modules.users.models import EmailTaken, User

REGISTERED_AGAIN_MAIL = "registered_again"
TWICE_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True)
class FirstPassword:
    """The hash of a first password; or whether it is that of an account that waits to be confirmed."""

    new_hash: str | None
    is_known: bool = False


def judge(password: str, *, email: str, first_name: str, last_name: str, username: str | None) -> FirstPassword:
    """Return the hash of a password that is strong enough; one hash is worked out, whoever has an account."""
    owner = User(email=email, first_name=first_name, last_name=last_name, username=username)
    passwords.require_strong(password, owner)
    waiting = queries.unconfirmed_password(reading(), email)
    if waiting is None:
        return FirstPassword(passwords.hash_password(password))
    return FirstPassword(None, is_known=passwords.matches(password, waiting))


def register(
    *,
    email: str,
    first_name: str,
    last_name: str,
    date_of_birth: date,
    sex: str,
    phone: str | None,
    username: str | None,
    first: FirstPassword,
    may_mail: bool,
) -> None:
    """Make a patient's account with a chart of its own, or tell the owner of the address that it has an account."""
    user = _made(email=email, first_name=first_name, last_name=last_name, phone=phone, username=username)
    if user is None:
        (_remind if first.is_known else _tell_owner)(email, may_mail=may_mail)
        return
    if first.new_hash is None:  # the account that waited has another address since a moment ago
        raise Unavailable
    accounts.set_password(user_id=user.id, new_hash=first.new_hash)
    signals.registered.send(user=user, date_of_birth=date_of_birth, sex=sex)
    addresses.mail_verification(user.id)


def _made(*, email: str, **facts: str | None) -> User | None:
    """Return a new account, or None where its address is taken; the unique index decides between two at once.

    It claims no user name before its address is proved: a refusal of one would tell which addresses were free.
    """
    try:
        with db.session.begin_nested():
            return users.create(
                email=email,
                first_name=facts["first_name"] or "",
                last_name=facts["last_name"] or "",
                phone=facts["phone"],
                username=facts["username"],
                roles=[Role.PATIENT],
                status=UserStatus.ACTIVE,
            )
    except IntegrityError as violation:
        refusal = domain_error(violation)
        if isinstance(refusal, EmailTaken):
            return None
        raise refusal or violation from None


def _remind(email: str, *, may_mail: bool) -> None:
    """Mail a new link to whoever registers anew with the same password; sent twice, the first mail is on its way."""
    owner = mailing.account_with(email)
    trails.current().about(owner)
    made_at = db.session.scalar(select(User.created_at).where(User.id == owner))
    if may_mail and made_at is not None and made_at < clock.now() - TWICE_WITHIN:
        addresses.mail_verification(owner)


def _tell_owner(email: str, *, may_mail: bool) -> None:
    owner = mailing.account_with(email)
    trails.current().about(owner)
    if may_mail:
        enqueue_mail(kind=REGISTERED_AGAIN_MAIL, subject_id=owner, dedupe_key=f"{REGISTERED_AGAIN_MAIL}:{new_id()}")
