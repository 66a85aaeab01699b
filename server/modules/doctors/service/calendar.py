"""Count changes of what times are computed from: a booking judged by an older count is judged again."""

from __future__ import annotations

import uuid

from sqlalchemy import select, update

from server.core.db import db
from server.core.errors import Conflict
from server.modules.doctors.models import Doctor


class HasBookings(Conflict):
    """Live bookings stand in the way.

    `appointments` lists them.
    """

    code = "has_bookings"


def count_up(*, doctor_id: uuid.UUID) -> None:
    """Count a change of one doctor's hours or leave, before anybody looks for bookings in its way."""
    _count(doctor_id)


def count_all_up() -> None:
    """Count a change of everybody's calendar; locked in the order of ids, so that two of them do not deadlock."""
    db.session.execute(select(Doctor.id).order_by(Doctor.id).with_for_update())
    _count(None)


def _count(doctor_id: uuid.UUID | None) -> None:
    table = Doctor.__table__
    stmt = update(table).values(calendar_version=table.c.calendar_version + 1, updated_at=table.c.updated_at)
    db.session.execute(stmt if doctor_id is None else stmt.where(table.c.id == doctor_id))
