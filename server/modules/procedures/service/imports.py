"""Rules of taking procedures over from elsewhere: they keep their SNOMED code, and raise no charge."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert

from server.core import clock
from server.core.db import db
from server.modules.billing.service import charges
from server.modules.patients.service.imports import free_ids, lock_charts, void_imported
from server.modules.procedures.models import Procedure
from server.modules.procedures.queries.procedures import SOURCE
from server.modules.visits.enums import Source
from server.modules.visits.service.imports import keep_to_own_visits

Fields = Mapping[str, Any]

_FIELDS = (
    *("patient_id", "visit_id", "doctor_id", "status", "name", "code", "code_system", "indication", "performed_at"),
    *("outcome", "notes", "complications", "cancel_reason"),
)


def import_procedures(rows: Sequence[Fields]) -> list[uuid.UUID]:
    """Store procedures and return their ids in the same order."""
    if not rows:
        return []
    locked, _patient_ids = lock_charts(rows)
    rows = keep_to_own_visits(locked)
    now = clock.now()
    shared = {"source": Source.IMPORTED, "created_at": now, "updated_at": now, "version": 1}
    ids = free_ids(Procedure, rows)
    values = [
        {"id": one, **shared, **{name: row.get(name) for name in _FIELDS}} for one, row in zip(ids, rows, strict=True)
    ]
    db.session.execute(insert(Procedure.__table__), values)
    return ids


def change_imported_procedure(*, procedure_id: uuid.UUID, before: Fields, **changes: Any) -> bool:
    """Write what changed at the source; false where the entry is closed here, or was performed or cancelled here."""
    procedure = db.session.get_one(Procedure, procedure_id, with_for_update=True, populate_existing=True)
    if procedure.is_voided or procedure.status != before.get("status", procedure.status):
        return False
    for name, value in changes.items():
        setattr(procedure, name, value)
    db.session.flush()
    return True


def void_imported_procedure(procedure_id: uuid.UUID) -> None:
    """Mark a procedure as entered in error, because the source did; what it cost here is taken back while it can be."""
    void_imported(model=Procedure, entry_id=procedure_id)
    charges.void_charge(source_type=SOURCE, source_id=procedure_id)
