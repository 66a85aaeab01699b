"""Give the time of bookings back to their patients, where a merge of two patients has parted them."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy import Table, exists, or_, select, update
from sqlalchemy.exc import IntegrityError

from server.core.db import db
from server.modules.appointments.models import Appointment, TakenInterval
from server.modules.patients.enums import RelationSource
from server.modules.patients.models.care import CareRelation

_TAKEN: Table = TakenInterval.__table__
_BOOKED: Table = Appointment.__table__


def on_unmerged(_sender: object, *, survivor_id: uuid.UUID, duplicate_id: uuid.UUID, **_by: object) -> None:
    """Send home what a move has written since for an appointment that went home: its time, and who sees the chart."""
    both = (survivor_id, duplicate_id)
    reclaim(both)
    relations: Table = CareRelation.__table__
    whose = select(_BOOKED.c.patient_id).where(_BOOKED.c.id == relations.c.source_id).scalar_subquery()
    of_appointment = (relations.c.source == RelationSource.APPOINTMENT, relations.c.patient_id.in_(both))
    astray = exists().where(_BOOKED.c.id == relations.c.source_id, _BOOKED.c.patient_id != relations.c.patient_id)
    db.session.execute(update(relations).where(*of_appointment, astray).values(patient_id=whose))


def reclaim(patient_ids: Collection[uuid.UUID]) -> None:
    """Have time of these patients' bookings that is nobody's, or another's, be theirs where it fits."""
    stmt = (
        select(_TAKEN.c.id, _BOOKED.c.patient_id, _TAKEN.c.starts_at, _TAKEN.c.ends_at)
        .join(_BOOKED, _BOOKED.c.id == _TAKEN.c.appointment_id)
        .where(
            _BOOKED.c.patient_id.in_(patient_ids),
            or_(_TAKEN.c.patient_id.is_(None), _TAKEN.c.patient_id != _BOOKED.c.patient_id),
        )
        .order_by(_TAKEN.c.id)
    )
    other = _TAKEN.alias()
    for row in db.session.execute(stmt).all():
        meets = exists().where(
            other.c.patient_id == row.patient_id, other.c.starts_at < row.ends_at, other.c.ends_at > row.starts_at
        )
        fits = update(_TAKEN).where(_TAKEN.c.id == row.id, ~meets).values(patient_id=row.patient_id)
        try:
            with db.session.begin_nested():
                db.session.execute(fits)
        except IntegrityError:
            # Somebody has just booked the patient at that time.
            continue
