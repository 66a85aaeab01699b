"""The one gate into a visit: whoever writes something that belongs to one passes here, and finds it open."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from server.core.db import db
from server.core.errors import Conflict, NotFound
from server.modules.visits.enums import VisitStatus
from server.modules.visits.models import Visit


class VisitClosed(Conflict):
    """The visit is closed; nothing more is written into it."""

    code = "visit_closed"


@dataclass(frozen=True, slots=True)
class Passed:
    """Whose visit it is, the patient's and the doctor's, and since when."""

    patient_id: uuid.UUID
    doctor_id: uuid.UUID | None
    started_at: datetime


def pass_into(visit_id: uuid.UUID, *, patient_id: uuid.UUID | None = None) -> Passed:
    """Return whose an open visit is, which stays open until the unit of work ends.

    Raise `NotFound` where there is none or it is another patient's, whom the caller may not reach: both answer alike.
    Raise `VisitClosed` where it is closed.
    """
    stmt = select(Visit.patient_id, Visit.doctor_id, Visit.started_at, Visit.status).where(Visit.id == visit_id)
    found = db.session.execute(stmt.with_for_update(read=True)).first()
    if found is None or patient_id not in (None, found.patient_id):
        raise NotFound
    if found.status != VisitStatus.OPEN:
        raise VisitClosed
    return Passed(found.patient_id, found.doctor_id, found.started_at)


def judge(_sender: object, *, visit_id: uuid.UUID | None, patient_id: uuid.UUID) -> None:
    """Refuse what a lower room is about to write at a visit that is not this patient's, or is closed."""
    if visit_id is not None:
        pass_into(visit_id, patient_id=patient_id)
