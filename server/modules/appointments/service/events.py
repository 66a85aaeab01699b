"""Write the history of appointments: who changed what, and when."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Table, insert

from server.core import clock
from server.core.db import db
from server.core.ids import new_id
from server.modules.appointments.models import Appointment, AppointmentEvent

_TABLE: Table = AppointmentEvent.__table__
_ADD = insert(_TABLE)


def note(
    appointment: Appointment,
    *,
    actor_id: uuid.UUID | None,
    from_status: str | None = None,
    from_starts_at: datetime | None = None,
    from_doctor_id: uuid.UUID | None = None,
    changed: Iterable[str] = (),
    reason: str | None = None,
) -> None:
    """Add one change to the history of an appointment, which is already as it is now."""
    note_all(
        [appointment],
        actor_id=actor_id,
        from_status={appointment.id: from_status},
        from_starts_at=from_starts_at,
        from_doctor_id=from_doctor_id,
        changed=changed,
        reason=reason,
    )


def note_all(
    appointments: Iterable[Appointment],
    *,
    actor_id: uuid.UUID | None,
    from_status: dict[uuid.UUID, str | None],
    from_starts_at: datetime | None = None,
    from_doctor_id: uuid.UUID | None = None,
    changed: Iterable[str] = (),
    reason: str | None = None,
) -> None:
    """Add the same change to the history of several appointments, in one statement."""
    at = clock.now()
    rows: list[dict[str, Any]] = [
        {
            "id": new_id(),
            "appointment_id": one.id,
            "at": at,
            "actor_id": actor_id,
            "from_status": from_status.get(one.id, one.status),
            "to_status": one.status,
            "from_starts_at": from_starts_at,
            "to_starts_at": one.starts_at,
            "from_doctor_id": from_doctor_id,
            "to_doctor_id": one.doctor_id,
            "changed": ",".join(changed) or None,
            "reason": reason,
        }
        for one in appointments
    ]
    if rows:
        db.session.connection().execute(_ADD, rows)
