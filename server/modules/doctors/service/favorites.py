"""Rules of favourites: a patient's account marks doctors; doing it again changes nothing."""

from __future__ import annotations

import uuid

from sqlalchemy import delete

from server.core.access import Actor
from server.core.db import db
from server.core.upserts import insert_first
from server.modules.doctors.models import Favorite


def mark(*, actor: Actor, doctor_id: uuid.UUID) -> None:
    """Mark a doctor whom the actor sees. Again, it changes nothing."""
    row = {"user_id": actor.user_id, "doctor_id": doctor_id}
    insert_first(db.session.connection(), Favorite.__table__, row)


def unmark(*, actor: Actor, doctor_id: uuid.UUID) -> None:
    """Take the mark away. Again, it changes nothing."""
    stmt = delete(Favorite).where(Favorite.user_id == actor.user_id, Favorite.doctor_id == doctor_id)
    db.session.execute(stmt)
