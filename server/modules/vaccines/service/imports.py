"""Rules of taking immunisations over from elsewhere: kept whatever their date, and judged by the schedule."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert

from server.core import clock
from server.core.db import db
from server.modules.patients.service.imports import free_ids, lock_charts, void_imported
from server.modules.vaccines.enums import DoseSource
from server.modules.vaccines.models import Immunization, ImmunizationVersion
from server.modules.vaccines.service.vaccines import said_of
from server.modules.vaccines.service.validity import rejudge
from server.modules.visits.service.imports import keep_to_own_visits

Fields = Mapping[str, Any]

CHANGE_REASON = "Changed where it was imported from."
_FIELDS = (
    *("patient_id", "visit_id", "status", "vaccine_code", "name", "not_done_reason", "administered_on", "dose_number"),
    *("lot_number", "lot_expires_on", "manufacturer", "site", "route", "notes"),
)


def import_doses(rows: Sequence[Fields]) -> list[uuid.UUID]:
    """Store immunisations, judge all doses of their patients, and return the ids in the same order."""
    if not rows:
        return []
    locked, patient_ids = lock_charts(rows)
    rows = keep_to_own_visits(locked)
    now = clock.now()
    shared = {"source": DoseSource.IMPORTED, "created_at": now, "updated_at": now, "version": 1}
    ids = free_ids(Immunization, rows)
    values = [
        {"id": one, **shared, **{name: row.get(name) for name in _FIELDS}} for one, row in zip(ids, rows, strict=True)
    ]
    db.session.execute(insert(Immunization.__table__), values)
    for patient_id in patient_ids:
        rejudge(patient_id)
    return ids


def change_imported_dose(*, vaccine_id: uuid.UUID, **changes: Any) -> bool:
    """Write what changed at the source and keep what was said before; false where the entry is closed here."""
    dose = _held(vaccine_id)
    if dose.is_voided:
        return False
    former = ImmunizationVersion(immunization_id=dose.id, number=dose.version, said=said_of(dose))
    for name, value in changes.items():
        setattr(dose, name, value)
    if said_of(dose) != former.said:
        former.superseded_reason = CHANGE_REASON
        db.session.add(former)
    rejudge(dose.patient_id)
    return True


def void_imported_dose(vaccine_id: uuid.UUID) -> None:
    """Mark an entry as entered in error, because the source did; the other doses are judged without it."""
    dose = _held(vaccine_id)
    void_imported(model=Immunization, entry_id=vaccine_id)
    rejudge(dose.patient_id)


def _held(vaccine_id: uuid.UUID) -> Immunization:
    """Return an entry, locked, and with it what its patient's other doses count by."""
    dose = db.session.get_one(Immunization, vaccine_id)
    lock_charts([{"patient_id": dose.patient_id}])
    return db.session.get_one(Immunization, vaccine_id, with_for_update=True, populate_existing=True)
