"""Write the mails of this module; a link's token is made here, on delivery, and only its hash is stored.

Only the invitation, whose names the clinic wrote, greets by name; the others could carry what a stranger typed.
Each composer locks the account first, so that what it decides by still stands when its link is stored.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

from server.core import state
from server.core.db import db
from server.core.mail import compose
from server.modules.auth.models import Credential, Purpose
from server.modules.auth.service import accounts, links
from server.modules.auth.service.addresses import EMAIL_CHANGE_MAIL, EMAIL_CHANGED_MAIL, VERIFICATION_MAIL
from server.modules.auth.service.proofs import LOCKED_MAIL
from server.modules.auth.service.recovery import PASSWORD_CHANGED_MAIL, RESET_MAIL
from server.modules.auth.service.registration import REGISTERED_AGAIN_MAIL
from server.modules.auth.service.sessions import TOKEN_REUSED_MAIL
from server.modules.notifications.service import mail_kind
from server.modules.users import service as users
from server.modules.users.enums import UserStatus
from server.modules.users.models import User
from server.modules.users.service import INVITATION_MAIL

Details = dict[str, Any]

_OPEN = (UserStatus.ACTIVE, UserStatus.LOCKED)


def install() -> None:
    """Register the composers of this module's mails."""
    mail_kind(INVITATION_MAIL, is_asked_for=True)(invitation)
    mail_kind(VERIFICATION_MAIL, is_asked_for=True)(verification)
    mail_kind(REGISTERED_AGAIN_MAIL, is_asked_for=True)(registered_again)
    mail_kind(RESET_MAIL, is_asked_for=True)(password_reset)
    mail_kind(PASSWORD_CHANGED_MAIL)(password_changed)
    mail_kind(EMAIL_CHANGE_MAIL, is_asked_for=True)(email_change)
    mail_kind(EMAIL_CHANGED_MAIL, is_asked_for=True)(email_changed)
    mail_kind(TOKEN_REUSED_MAIL)(token_reused)
    mail_kind(LOCKED_MAIL)(account_locked)


def letter(to: str, subject: str, text: str, *, greeting: str = "Hello", clinic: str | None = None) -> EmailMessage:
    """Return a mail from the clinic, under the name of the settings or another, to whoever reads this mailbox."""
    settings = state.settings()
    if clinic:
        settings = replace(settings, clinic_name=clinic)
    return compose(settings, to=to, subject=f"{subject} at {settings.clinic_name}", text=f"{greeting},\n\n{text}")


def _account(user_id: uuid.UUID, *statuses: UserStatus) -> User | None:
    """Return the account, its row locked, if it has one of these statuses."""
    user = db.session.get(User, user_id, with_for_update=True)
    return user if user is not None and user.status in statuses else None


def _link(user: User, purpose: Purpose, path: str) -> str:
    return links.frontend_link(path, links.issue_token(user_id=user.id, purpose=purpose, email=user.email))


def invitation(user_id: uuid.UUID, _details: Details) -> EmailMessage | None:
    """Invite the owner of a new account to open it; older links die."""
    user = _account(user_id, UserStatus.INVITED)
    if user is None:
        return None
    settings = state.settings()
    text = (
        f"an account was made for you at {settings.clinic_name}. Choose a password to open it:\n\n"
        f"{_link(user, Purpose.INVITATION, 'accept-invitation')}\n\n"
        f"The link works once, within {settings.invitation_hours} hours. If you did not expect this, ignore it.\n"
    )
    return letter(user.email, "Your account", text, greeting=f"Hello {user.name}")


def verification(user_id: uuid.UUID, _details: Details) -> EmailMessage | None:
    """Ask the owner of a new account to confirm the address; older links die."""
    user = _account(user_id, *_OPEN)
    if user is None or user.email_verified_at is not None:
        return None
    if db.session.get(Credential, user.id) is None:
        return _contested(user)
    text = (
        "somebody, probably you, registered with this address. Confirm that it is yours:\n\n"
        f"{_link(user, Purpose.VERIFICATION, 'verify-email')}\n\n"
        f"The link works once, within {state.settings().verification_hours} hours. Then sign in by this address or, if"
        " you\nasked for one and nobody else has it by then, by your user name. If you did not register, ignore this:\n"
        "without the link nobody can sign in.\n"
    )
    return letter(user.email, "Confirm your address", text)


def registered_again(user_id: uuid.UUID, details: Details) -> EmailMessage | None:
    """Tell an owner that somebody tried to register with the address of the account."""
    user = _account(user_id, *_OPEN)
    if user is None:
        return invitation(user_id, details)
    if user.email_verified_at is None:
        return _contested(user)
    text = (
        "somebody, probably you, tried to register with this address, but you have an account already. Sign in or, if\n"
        'you do not know the password, set a new one by "forgot password".\n\n'
        "If this was not you, there is nothing to do.\n"
    )
    return letter(user.email, "Your account", text)


def _contested(user: User) -> EmailMessage:
    """Have the owner of an address that was registered more than once set the password that counts.

    Nobody knows whose the first password was, so it goes, with the link that would have made it count.
    """
    accounts.forget_password(user_id=user.id)
    links.revoke(user.id, Purpose.VERIFICATION)
    text = (
        "somebody, probably you, registered with this address, and it was not the first time: somebody had done so\n"
        "before, without confirming it. No password of these counts. If you want the account, set one:\n\n"
        f"{_reset_link(user)}\n\n"
        f"{_reset_life()} That also confirms the address. If you did not register, ignore this: without the link\n"
        "nobody can sign in.\n"
    )
    return letter(user.email, "Your account", text)


def _reset_link(user: User) -> str:
    return _link(user, Purpose.RESET, "reset-password")


def _reset_life() -> str:
    return f"The link works once, within {state.settings().reset_minutes} minutes; later, ask for another."


def password_reset(user_id: uuid.UUID, details: Details) -> EmailMessage | None:
    """Mail a link to set a new password; who was invited and never came gets the invitation again."""
    user = _account(user_id, *_OPEN)
    if user is None:
        return invitation(user_id, details)
    text = (
        "somebody, probably you, forgot the password of your account. Set a new one:\n\n"
        f"{_reset_link(user)}\n\n"
        f"{_reset_life()} If this was not you, ignore it: your password stays.\n"
    )
    return letter(user.email, "A new password for your account", text)


def account_locked(user_id: uuid.UUID, _details: Details) -> EmailMessage | None:
    """Give the owner of a locked account a way back in: a link to set a new password, which unlocks it."""
    user = _account(user_id, UserStatus.LOCKED)
    if user is None:
        return None
    text = (
        "too many wrong passwords were tried on your account, so it takes no new sign-ins. Where you are in you stay\n"
        "in, and a device that you have used before still lets you in. Else set a new password:\n\n"
        f"{_reset_link(user)}\n\n"
        f"{_reset_life()}\n"
    )
    return letter(user.email, "Sign-in to your account is locked", text)


def password_changed(user_id: uuid.UUID, _details: Details) -> EmailMessage | None:
    """Tell the owner that the password was changed by a mailed link."""
    user = _account(user_id, *_OPEN)
    if user is None:
        return None
    text = (
        "your password was changed by a link that we mailed to you, and all your sessions have ended. If this was not\n"
        "you, somebody else reads your mail: secure it, set a new password, and tell the clinic.\n"
    )
    return letter(user.email, "Your password was changed", text)


def token_reused(user_id: uuid.UUID, _details: Details) -> EmailMessage | None:
    """Tell the owner that a sign-in was ended because its token was used twice."""
    user = _account(user_id, *_OPEN)
    if user is None:
        return None
    text = (
        "one of your sign-ins was ended, because an old token of it was used again. That can be a copy in wrong\n"
        "hands. Sign in again; if you know no reason for this, change your password.\n"
    )
    return letter(user.email, "A sign-in was ended", text)


def email_change(user_id: uuid.UUID, details: Details) -> EmailMessage | None:
    """Ask the new address to confirm; where it has an account, tell its owner and nobody else."""
    user = _account(user_id, *_OPEN)
    if user is None or "email" not in details or not _still_asked_for(user, details):
        return None
    new = details["email"]
    if users.is_taken(new, but_by=user.id):
        text = (
            "somebody asked to use this address for another account. It stays yours; there is nothing to do. If it\n"
            "was you, sign in to the account that you have.\n"
        )
        return letter(new, "Your address", text)
    token = links.issue_token(user_id=user.id, purpose=Purpose.EMAIL_CHANGE, email=new)
    text = (
        "this address was asked for as the new one of an account. Confirm that it is yours:\n\n"
        f"{links.frontend_link('verify-email', token)}\n\n"
        f"The link works once, within {state.settings().verification_hours} hours. If you did not expect this, ignore"
        " it.\n"
    )
    return letter(new, "Confirm your address", text)


def _still_asked_for(user: User, details: Details) -> bool:
    """Whether whoever asked did so with the password of now; an admin asked without any."""
    asked_with = details.get("password_set_at")
    credential = db.session.get(Credential, user.id)
    return asked_with is None or (credential is not None and credential.changed_at.isoformat() == asked_with)


def email_changed(user_id: uuid.UUID, details: Details) -> EmailMessage | None:
    """Tell the old address that the account has another one now."""
    if "email" not in details or _account(user_id, *_OPEN) is None:
        return None
    text = (
        "your account has a new e-mail address from now on; mail no longer comes to this one. If you did not ask for\n"
        "that, tell the clinic at once.\n"
    )
    return letter(details["email"], "Your address was changed", text)
