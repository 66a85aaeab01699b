"""Take conditions into the patient's list and, as diagnoses, into the visits at which they were found."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from server.core.db import db
from server.modules.patients.models import Condition
from server.modules.patients.service import imports
from server.modules.visits.service.imports import import_diagnoses, keep_to_own_visits, remove_imported_diagnosis

Fields = dict[str, Any]

_SAID = ("visit_id", "code", "code_system", "display")
_MOST = 500


def add(rows: Sequence[Fields]) -> Sequence[uuid.UUID | None]:
    """Store conditions, with the diagnoses that they are at visits, and return their ids."""
    locked, _patient_ids = imports.lock_charts(rows)
    own = keep_to_own_visits(locked)
    ids = imports.import_conditions(own)
    import_diagnoses([row for row in own if row["visit_id"] is not None])
    return ids


def change(condition_id: uuid.UUID, changes: Fields) -> bool:
    """Write what changed at the source, in the diagnosis too."""
    if changes.get("visit_id") is not None:
        patient_id = db.session.get_one(Condition, condition_id).patient_id
        changes["visit_id"] = keep_to_own_visits([{**changes, "patient_id": patient_id}])[0]["visit_id"]
    before = _diagnosis_of(condition_id)
    if not imports.change_imported_condition(condition_id=condition_id, **changes):
        return False
    after = _diagnosis_of(condition_id)
    if before != after:
        _remove(before)
        _add([after])
    return True


def void(condition_id: uuid.UUID) -> None:
    """Mark a condition as entered in error, and take it off the visit's diagnoses."""
    imports.void_imported(model=Condition, entry_id=condition_id)
    _remove(_diagnosis_of(condition_id))


def name_visits(named: Mapping[uuid.UUID, uuid.UUID]) -> None:
    """Say of conditions that came before their visit at which they were found."""
    imports.name_visits(Condition, named)
    wanted = sorted(named)
    for start in range(0, len(wanted), _MOST):
        is_named = Condition.id.in_(wanted[start : start + _MOST])
        _add([dict(row) for row in db.session.execute(_diagnoses().where(is_named)).mappings()])


def _diagnoses() -> Any:
    columns = (Condition.patient_id, *(getattr(Condition, name) for name in _SAID))
    return select(*columns).order_by(Condition.id)


def _diagnosis_of(condition_id: uuid.UUID) -> Fields:
    return dict(db.session.execute(_diagnoses().where(Condition.id == condition_id)).mappings().one())


def _add(rows: Sequence[Fields]) -> None:
    import_diagnoses([row for row in rows if row["visit_id"] is not None])


def _remove(said: Fields) -> None:
    if said["visit_id"] is not None:
        remove_imported_diagnosis(visit_id=said["visit_id"], code=said["code"], display=said["display"])
