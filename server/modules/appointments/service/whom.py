"""For whom a time is booked: a patient whom the caller may book for, and who can still be booked for."""

from __future__ import annotations

import uuid

from sqlalchemy import bindparam, select

from server.core.access import Actor
from server.core.db import db
from server.core.errors import NotFound, refused
from server.modules.appointments.policies import Perm, has_own_calendar
from server.modules.appointments.service.refusals import PatientInactive
from server.modules.patients.enums import PatientStatus
from server.modules.patients.models import Patient
from server.modules.patients.queries.people import in_scope
from server.modules.patients.service.people import PatientDeceased, PatientMerged

_BY_ID = select(Patient.id, Patient.status).where(Patient.id == bindparam("patient_id"))
_BY_USER = select(Patient.id, Patient.status).where(Patient.user_id == bindparam("user_id"))

_REFUSALS = {
    PatientStatus.DECEASED: PatientDeceased,
    PatientStatus.MERGED: PatientMerged,
    PatientStatus.INACTIVE: PatientInactive,
}


def bookable_patient(*, actor: Actor | None, patient_id: uuid.UUID | None, as_staff: bool) -> uuid.UUID:
    """Return the patient to book for; patients who name nobody mean themselves.

    Raise `NotFound` where a patient names somebody else's chart, or a doctor asks beside their own calendar, and a
    conflict where nothing more may be booked.
    """
    found_id, status = _found(actor, patient_id, as_staff)
    require_bookable(status)
    return found_id


def require_bookable(status: str) -> None:
    """Raise a conflict where nothing more may be booked for a patient who fares so."""
    if status in _REFUSALS:
        raise _REFUSALS[PatientStatus(status)]


def _found(actor: Actor | None, patient_id: uuid.UUID | None, as_staff: bool) -> tuple[uuid.UUID, str]:
    connection = db.session.connection()
    if as_staff or actor is None:
        if patient_id is None:
            raise refused("patient_id", why="Say for whom.")
        row = connection.execute(_BY_ID, {"patient_id": patient_id}).first()
        if row is None:
            raise refused("patient_id", why="There is no such patient.")
        return row.id, row.status
    if patient_id is None:
        row = connection.execute(_BY_USER, {"user_id": actor.user_id}).first()
        if row is None and has_own_calendar(actor):
            # A doctor reaches their own calendar, which this is not, and is nobody's patient here.
            raise NotFound
        if row is None:
            raise refused("patient_id", why="Say for whom; you have no chart of your own.")
        return row.id, row.status
    found = in_scope(connection, actor, Perm.BOOK, patient_id)
    if found is None:
        raise NotFound
    return found.id, found.status
