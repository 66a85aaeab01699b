"""Say where a user gets mail."""

from __future__ import annotations

import uuid

from server.core.db import db
from server.modules.notifications.addresses import Address
from server.modules.users.enums import UserStatus
from server.modules.users.models import User


def address_of(user_id: uuid.UUID) -> Address | None:
    """Return the address of a user whose account is open, locked or not."""
    user = db.session.get(User, user_id)
    if user is None or user.status not in {UserStatus.ACTIVE, UserStatus.LOCKED}:
        return None
    return Address(user.email, user.name, user.language)
