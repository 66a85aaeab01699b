"""Rules of e-mail addresses: each is proved by a mailed link before it counts."""

from __future__ import annotations

import uuid

from server.core import trail as trails
from server.core.access import Actor
from server.core.errors import refused
from server.core.fields import normal_form
from server.core.ids import new_id
from server.modules.auth.models import Purpose
from server.modules.auth.service import links, proofs, throttle
from server.modules.notifications.service import enqueue_mail
from server.modules.users import service as users
from server.modules.users.enums import UserStatus
from server.modules.users.models import User

VERIFICATION_MAIL = "verification"
EMAIL_CHANGE_MAIL = "email_change"
EMAIL_CHANGED_MAIL = "email_changed"

# Links that went to the old address, or would bring it back.
_DEAD_WITH_ADDRESS = (Purpose.RESET, Purpose.VERIFICATION, Purpose.EMAIL_CHANGE, Purpose.PORTAL)


def mail_verification(user_id: uuid.UUID) -> None:
    """Have the owner of a new account confirm the address."""
    enqueue_mail(kind=VERIFICATION_MAIL, subject_id=user_id, dedupe_key=f"{VERIFICATION_MAIL}:{new_id()}")


def verify(token: str) -> None:
    """Do what the link of a verification or of a changed address says."""
    link, user = links.use(token, Purpose.VERIFICATION, Purpose.EMAIL_CHANGE)
    if user.status not in (UserStatus.ACTIVE, UserStatus.LOCKED):
        raise links.LinkInvalid
    trails.current().about(user.id)
    if link.purpose == Purpose.EMAIL_CHANGE:
        _change(user, link.email)
    else:
        users.verify_email(user_id=user.id)
        throttle.clear(user.id)


def _change(user: User, email: str) -> None:
    old = user.email
    users.change_email(user_id=user.id, email=email)
    links.revoke(user.id, *_DEAD_WITH_ADDRESS)
    enqueue_mail(
        kind=EMAIL_CHANGED_MAIL,
        subject_id=user.id,
        dedupe_key=f"{EMAIL_CHANGED_MAIL}:{new_id()}",
        details={"email": old},
    )


def ask_for_change(proof: proofs.Proof, *, actor: Actor, new_email: str, may_mail: bool) -> None:
    """Mail the new address a link, or its owner a note where it is taken; the caller is told the same."""
    user = proofs.confirm(proof)
    if normal_form(new_email) == user.email_key:
        raise refused("new_email", why="That is your address already.")
    trails.current().about(actor.user_id)
    if may_mail:
        _mail_change(user, new_email, password_set_at=proof.set_at.isoformat())


def on_email_change_asked(_sender: object, *, user: User, email: str) -> None:
    """Have the owner of an account confirm the address that an admin wants for it, whatever its password."""
    _mail_change(user, email)


def _mail_change(user: User, email: str, **asked_with: str) -> None:
    enqueue_mail(
        kind=EMAIL_CHANGE_MAIL,
        subject_id=user.id,
        dedupe_key=f"{EMAIL_CHANGE_MAIL}:{new_id()}",
        details={"email": email, **asked_with},
    )
