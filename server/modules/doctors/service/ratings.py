"""Keep what reviews say of a doctor beside the doctor, so that lists sort by it."""

from __future__ import annotations

import uuid

from sqlalchemy import update

from server.core.db import db
from server.modules.doctors.models import Doctor


def set_rating(*, doctor_id: uuid.UUID, count: int, total: int) -> None:
    """Write how many ratings there are and what they add up to; this is no change of the doctor's own fields."""
    table = Doctor.__table__
    mean = (2000 * total + count) // (2 * count) if count else 0
    db.session.execute(
        update(table)
        .where(table.c.id == doctor_id)
        .values(rating_count=count, rating_sum=total, rating_thousandths=mean, updated_at=table.c.updated_at)
    )
