"""Mails that anybody may ask for: as many for an address without an account as for one with, and not many."""

from __future__ import annotations

import hashlib
import uuid
from datetime import timedelta

from sqlalchemy import select

from server.core.db import db
from server.core.fields import normal_form
from server.core.ids import new_id
from server.modules.auth.models import Purpose
from server.modules.auth.service import links, throttle
from server.modules.notifications.service import enqueue_mail
from server.modules.users.models import User

MOST = 5
WINDOW = timedelta(hours=1)


def counter(kind: str, whom: str, *, opens: Purpose) -> throttle.Counter:
    """Return the counter of the mails of a kind that were asked for, for an address or an account.

    Its window is no longer than the life of the link in them: while the counter is full, the last link works.
    """
    asked = hashlib.sha256(normal_form(whom).encode()).hexdigest()
    return throttle.Counter(f"mail:{kind}:{asked}", MOST, min(WINDOW, links.life_of(opens)))


def may_mail(kind: str, email: str, *, opens: Purpose) -> bool:
    """Count one mail of a kind to an address, known or not; False beyond five an hour. No transaction may be open."""
    return throttle.allows(counter(kind, email, opens=opens))


def account_with(email: str) -> uuid.UUID:
    """Return whose account has this address, or an id that is nobody's: the work that follows is the same."""
    found: uuid.UUID | None = db.session.scalar(select(User.id).where(User.email_key == normal_form(email)))
    return found or new_id()


def enqueue_for(email: str, *, kind: str) -> None:
    """Have a mail sent to the owner of the address; where there is none, its composer finds nobody."""
    enqueue_mail(kind=kind, subject_id=account_with(email), dedupe_key=f"{kind}:{new_id()}")
