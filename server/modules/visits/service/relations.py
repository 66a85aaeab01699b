"""Open a chart to those who see its patient at a visit: for good to two, to nurses and technicians while it lasts."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import select

from server.core import clock
from server.core.access import Actor
from server.core.db import db
from server.modules.doctors.models import Doctor
from server.modules.patients.enums import ENTERED_IN_ERROR, RelationSource
from server.modules.patients.service import care
from server.modules.visits.enums import VisitStatus
from server.modules.visits.models import Visit

_WHILE_IT_IS_OPEN = "nurses and technicians"
_AS_DOCTOR = "doctor"


def begin(visit: Visit, *, doctor_user_id: uuid.UUID | None, actor: Actor | None) -> None:
    """Open the chart to the doctor and to whoever opens the visit; to nurses and technicians until it is closed."""
    now = clock.now()
    rows = [_row(visit, now, audience=_WHILE_IT_IS_OPEN)]
    if doctor_user_id is not None:
        rows.append(_row(visit, now, user_id=doctor_user_id, role=_AS_DOCTOR))
    if actor is not None and actor.user_id != doctor_user_id:
        rows.append(_row(visit, now, user_id=actor.user_id))
    care.relate_all(rows)


def begin_again(visit: Visit) -> None:
    """Open the chart to nurses and technicians once more."""
    care.relate_all([_row(visit, clock.now(), audience=_WHILE_IT_IS_OPEN)])


def end(visit: Visit) -> None:
    """Close the chart to nurses and technicians; the doctor and whoever opened the visit go on caring."""
    care.end_all(source=RelationSource.VISIT, source_ids=[visit.id], of_audiences=True)


def follow_account(_sender: object, *, doctor: Doctor) -> None:
    """Open the charts of a doctor's visits to their new account, and close them to the one before."""
    standing = (Visit.doctor_id == doctor.id, Visit.status.not_in((VisitStatus.CANCELLED, ENTERED_IN_ERROR)))
    ids = select(Visit.id).where(Visit.doctor_id == doctor.id)
    care.end_all(source=RelationSource.VISIT, source_ids=ids, role=_AS_DOCTOR)
    if doctor.user_id is None:
        return
    now = clock.now()
    visits = db.session.scalars(select(Visit).where(*standing)).all()
    care.relate_all([_row(visit, now, user_id=doctor.user_id, role=_AS_DOCTOR) for visit in visits])


def _row(
    visit: Visit,
    starts_at: datetime,
    *,
    user_id: uuid.UUID | None = None,
    audience: str | None = None,
    role: str | None = None,
) -> dict[str, Any]:
    return {
        "patient_id": visit.patient_id,
        "source": RelationSource.VISIT,
        "source_id": visit.id,
        "user_id": user_id,
        "audience": audience,
        "role": role,
        "starts_at": starts_at,
        "ends_at": None,
    }
