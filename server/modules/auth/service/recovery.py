"""Rules of the forgotten password: a mailed link sets a new one, ends all sessions and lets nobody in by itself."""

from __future__ import annotations

from server.core import trail as trails
from server.modules.auth import passwords
from server.modules.auth.models import Purpose
from server.modules.auth.service import accounts, links, sessions, throttle
from server.modules.notifications.enums import SecurityEvent
from server.modules.notifications.service import tell_of_security
from server.modules.users import service as users
from server.modules.users.enums import UserStatus

RESET_MAIL = "password_reset"
PASSWORD_CHANGED_MAIL = "password_changed"  # noqa: S105 - the name of a mail


def hash_for_reset(token: str, new_password: str) -> str:
    """Return the hash of a new password; the link is looked at but not yet spent."""
    link = links.look_at(token, Purpose.RESET)
    passwords.require_strong(new_password, accounts.read_user(link.user_id), field="new_password")
    return passwords.hash_password(new_password)


def reset_password(token: str, *, new_hash: str) -> None:
    """Set a new password by a mailed link: all sessions end, a locked account opens, the address is proved."""
    _, user = links.use(token, Purpose.RESET)
    if user.status not in (UserStatus.ACTIVE, UserStatus.LOCKED):
        raise links.LinkInvalid
    trails.current().about(user.id)
    accounts.set_password(user_id=user.id, new_hash=new_hash)
    users.unlock(user_id=user.id)
    users.verify_email(user_id=user.id)
    throttle.clear(user.id)
    sessions.end_all(user_id=user.id, reason="password_reset")
    links.revoke(user.id, Purpose.RESET, Purpose.VERIFICATION, Purpose.EMAIL_CHANGE)
    tell_of_security(user_id=user.id, event=SecurityEvent.PASSWORD_CHANGED, mail=PASSWORD_CHANGED_MAIL)
