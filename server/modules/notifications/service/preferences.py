"""Rules of preferences: each kind on each channel, by choice or as the kind has it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from server.core import clock
from server.core.access import Actor
from server.core.db import db
from server.core.upserts import upsert
from server.modules.notifications import queries
from server.modules.notifications.enums import MANDATORY
from server.modules.notifications.models import NotificationPreference


def choose(*, actor: Actor, wishes: Mapping[str, Mapping[str, bool]]) -> None:
    """Take over one's own wishes; a channel that they leave out stays as it is.

    What is mandatory cannot be chosen.
    """
    present = queries.preferences_of(db.session.connection(), actor.user_id)
    rows = [
        _row(actor.user_id, kind, {**present[kind], **wish}) for kind, wish in wishes.items() if kind not in MANDATORY
    ]
    upsert(db.session.connection(), NotificationPreference.__table__, rows)


def _row(user_id: uuid.UUID, kind: str, wish: Mapping[str, bool]) -> dict[str, object]:
    return {"user_id": user_id, "kind": kind, "updated_at": clock.now(), **wish}
