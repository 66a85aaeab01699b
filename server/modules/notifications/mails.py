"""Write the mail of a notification: its own words and where to sign in, nothing else."""

from __future__ import annotations

import uuid
from email.message import EmailMessage
from typing import Any

from server.core import state
from server.core.db import db
from server.core.mail import compose
from server.modules.notifications.addresses import address_of
from server.modules.notifications.models import Notification
from server.modules.notifications.service import mail_kind
from server.modules.notifications.service.notices import NOTICE_MAIL


def install() -> None:
    """Register the composer of this module's mail."""
    mail_kind(NOTICE_MAIL)(notice)


def notice(notification_id: uuid.UUID, _details: dict[str, Any]) -> EmailMessage | None:
    """Tell by mail what the notification tells."""
    found = db.session.get(Notification, notification_id)
    address = address_of(found.user_id) if found else None
    if found is None or address is None:
        return None
    settings = state.settings()
    return compose(
        settings,
        to=address.email,
        subject=f"{settings.clinic_name}: {found.title}",
        text=f"Hello {address.name},\n\n{found.body}\n\nSign in to see more: {settings.frontend_url.rstrip('/')}\n",
    )
