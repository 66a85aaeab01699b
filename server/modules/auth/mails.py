"""Write the mails of this module; a link's token is made here, on delivery, and only its hash is stored."""

from __future__ import annotations

import uuid
from datetime import timedelta
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlencode

from server.core import state
from server.core.db import db
from server.core.mail import compose
from server.modules.auth.models import Purpose
from server.modules.auth.service.links import issue_token
from server.modules.auth.service.sessions import TOKEN_REUSED_MAIL
from server.modules.notifications.service import mail_kind
from server.modules.users.enums import UserStatus
from server.modules.users.models import User
from server.modules.users.service import INVITATION_MAIL


def install() -> None:
    """Register the composers of this module's mails."""
    mail_kind(INVITATION_MAIL)(invitation)
    mail_kind(TOKEN_REUSED_MAIL)(token_reused)


def invitation(user_id: uuid.UUID, _details: dict[str, Any]) -> EmailMessage | None:
    """Invite the owner of a new account to open it; older links die."""
    user = db.session.get(User, user_id)
    if user is None or user.status != UserStatus.INVITED:
        return None
    settings = state.settings()
    hours = settings.invitation_hours
    token = issue_token(user_id=user_id, purpose=Purpose.INVITATION, life=timedelta(hours=hours))
    link = f"{settings.frontend_url.rstrip('/')}/accept-invitation?{urlencode({'token': token})}"
    return compose(
        settings,
        to=user.email,
        subject=f"Your account at {settings.clinic_name}",
        text=(
            f"Hello {user.name},\n\n"
            f"an account was made for you at {settings.clinic_name}. Choose a password to open it:\n\n"
            f"{link}\n\n"
            f"The link works once, within {hours} hours. If you did not expect this, ignore it.\n"
        ),
    )


def token_reused(user_id: uuid.UUID, _details: dict[str, Any]) -> EmailMessage | None:
    """Tell the owner that a sign-in was ended because its token was used twice."""
    settings = state.settings()
    user = db.session.get(User, user_id)
    if user is None:
        return None
    return compose(
        settings,
        to=user.email,
        subject=f"A sign-in at {settings.clinic_name} was ended",
        text=(
            f"Hello {user.name},\n\n"
            "one of your sign-ins was ended, because an old token of it was used again. That can be a copy in\n"
            "wrong hands. Sign in again; if you know no reason for this, change your password.\n"
        ),
    )
