"""Judge by the schedule whether a patient's doses count, and keep what was found beside each."""

from __future__ import annotations

import uuid

from sqlalchemy import Connection, bindparam, select, update

from server.core import clock
from server.core.db import db
from server.modules.patients.models import Patient
from server.modules.vaccines.enums import VaccineStatus
from server.modules.vaccines.models import Immunization
from server.modules.vaccines.queries.due import doses_of, evaluated, person_of

_table = Immunization.__table__
_SET = (
    update(_table)
    .where(_table.c.id == bindparam("dose_id"))
    .values(validity=bindparam("new_validity"), validity_reason=bindparam("new_reason"))
)


def rejudge(patient_id: uuid.UUID) -> int:
    """Judge all doses of a patient anew, as one may decide whether another counts; return how many changed.

    Whoever calls holds the patient's row. Versions stay: nobody has written what the schedule says.
    """
    db.session.flush()
    connection = db.session.connection()
    doses = doses_of(connection, patient_id)
    found = evaluated(connection, person_of(connection, patient_id), doses, clock.today()) if doses else None
    verdicts = {one.dose_id: one for one in found.verdicts} if found else {}
    changed = [
        {"dose_id": one.id, "new_validity": verdicts[one.id].validity, "new_reason": verdicts[one.id].reason}
        for one in doses
        if (one.validity, one.validity_reason) != (verdicts[one.id].validity, verdicts[one.id].reason)
    ]
    if changed:
        connection.execute(_SET, changed)
    _forget_of_others(patient_id)
    return len(changed)


def rejudge_locked(patient_id: uuid.UUID) -> int:
    """Lock a patient's row and judge all doses anew; return how many changed."""
    db.session.execute(select(Patient.id).where(Patient.id == patient_id).with_for_update())
    return rejudge(patient_id)


def patients_with_doses(connection: Connection) -> list[uuid.UUID]:
    """Return the patients who were given a dose."""
    stmt = select(_table.c.patient_id).where(_table.c.status == VaccineStatus.COMPLETED).distinct()
    return list(connection.scalars(stmt.order_by(_table.c.patient_id)))


def _forget_of_others(patient_id: uuid.UUID) -> None:
    """Clear the verdicts on what was not given after all."""
    stmt = update(_table).where(
        _table.c.patient_id == patient_id,
        _table.c.status != VaccineStatus.COMPLETED,
        _table.c.validity.is_not(None),
    )
    db.session.execute(stmt.values(validity=None, validity_reason=None))


def on_merged(_sender: object, *, survivor_id: uuid.UUID, duplicate_id: uuid.UUID, **_by: object) -> None:
    """Judge the doses of two charts that have become one, or two again."""
    for patient_id in (survivor_id, duplicate_id):
        rejudge(patient_id)


def on_corrected(_sender: object, *, patient: Patient) -> None:
    """Judge the doses by the birth date that is right."""
    rejudge(patient.id)
