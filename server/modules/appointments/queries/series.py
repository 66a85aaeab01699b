"""Read the appointments of a series."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from server.core.access import Actor
from server.core.errors import NotFound
from server.modules.appointments.models import Appointment
from server.modules.appointments.policies import Perm, visible
from server.modules.appointments.queries.appointments import joined


def rows_of_series(connection: Connection, series_id: uuid.UUID) -> Sequence[Row[Any]]:
    """Return the appointments of a series in the order of their times, in the columns of an appointment's answer."""
    return connection.execute(joined().where(Appointment.series_id == series_id).order_by(Appointment.starts_at)).all()


def require_visible(connection: Connection, actor: Actor, series_id: uuid.UUID) -> None:
    """Raise `NotFound` unless the actor may still see every appointment of a series."""
    stmt = select(Appointment.id).where(Appointment.series_id == series_id)
    seen = len(connection.execute(visible(stmt, actor, Perm.READ)).all())
    if not seen or seen < len(connection.execute(stmt).all()):
        raise NotFound
