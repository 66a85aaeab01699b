"""Rules of taking visits over from elsewhere: nobody's chart is opened by them, and nobody is told.

What a source says of its own visits is taken also where they are closed: a change at the source is no entry made here.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, insert, select, update

from server.core import clock
from server.core.db import db
from server.core.ids import new_id
from server.modules.patients.service.imports import free_ids, lock_charts, void_imported
from server.modules.visits.enums import Source, VisitStatus
from server.modules.visits.models import Visit, VisitDiagnosis
from server.modules.visits.queries.content import has_content
from server.modules.visits.service import steps
from server.modules.visits.service.opening import draw_numbers

Fields = Mapping[str, Any]

_FIELDS = ("doctor_id", "status", "visit_type", "started_at", "ended_at", "chief_complaint")
_MOST = 500


def import_visits(rows: Sequence[Fields]) -> list[uuid.UUID]:
    """Store visits, each with a number of ours, and return their ids in the same order."""
    if not rows:
        return []
    rows, _patient_ids = lock_charts(rows)
    last = draw_numbers(db.session.connection(), count=len(rows))
    now = clock.now()
    ids = free_ids(Visit, rows)
    values = [
        {
            "id": visit_id,
            "patient_id": row["patient_id"],
            "number": number,
            "source": Source.IMPORTED,
            "free_follow_up": False,
            "created_at": now,
            "updated_at": now,
            "version": 1,
            **{name: row.get(name) for name in _FIELDS},
        }
        for number, visit_id, row in zip(range(last - len(rows) + 1, last + 1), ids, rows, strict=True)
    ]
    db.session.execute(insert(Visit.__table__), values)
    return ids


def change_imported_visit(*, visit_id: uuid.UUID, **changes: Any) -> bool:
    """Write what changed at the source; false where the visit was closed here otherwise, or has begun again there."""
    visit = steps.locked_alone(visit_id)
    was, status = visit.status, changes.pop("status", visit.status)
    if visit.is_voided or not _may_become(visit, status):
        return False
    visit.status = status
    for name, value in changes.items():
        setattr(visit, name, value)
    db.session.flush()
    if status != was:
        steps.note(visit, actor=None, was=was)
    return True


def _may_become(visit: Visit, status: str) -> bool:
    if status == visit.status:
        return True
    if visit.status != VisitStatus.OPEN:
        return False
    return status != VisitStatus.CANCELLED or not has_content(db.session.connection(), visit.id)


def void_imported_visit(visit_id: uuid.UUID) -> None:
    """Mark a visit as entered in error, because the source did; what was recorded at it stands."""
    was = steps.locked_alone(visit_id).status
    void_imported(model=Visit, entry_id=visit_id)
    visit = db.session.get_one(Visit, visit_id)
    if visit.status != was:
        steps.note(visit, actor=None, was=was)


def keep_to_own_visits(rows: Sequence[Fields]) -> list[dict[str, Any]]:
    """Return the rows without a visit where that is another patient's, which a source may confuse."""
    wanted = sorted({row["visit_id"] for row in rows if row.get("visit_id")})
    owners: dict[uuid.UUID, uuid.UUID] = {}
    for start in range(0, len(wanted), _MOST):
        stmt = select(Visit.id, Visit.patient_id).where(Visit.id.in_(wanted[start : start + _MOST]))
        owners |= {row.id: row.patient_id for row in db.session.execute(stmt)}
    return [{**row, "visit_id": _if_own(row, owners)} for row in rows]


def _if_own(row: Fields, owners: Mapping[uuid.UUID, uuid.UUID]) -> uuid.UUID | None:
    visit_id: uuid.UUID | None = row.get("visit_id")
    return visit_id if visit_id is not None and owners.get(visit_id) == row["patient_id"] else None


def import_diagnoses(rows: Sequence[Fields]) -> None:
    """Add diagnoses to visits, after those that stand; one that a visit has already is not added again."""
    visit_ids = sorted({row["visit_id"] for row in rows})
    standing: set[tuple[uuid.UUID, str | None, str]] = set()
    last: dict[uuid.UUID, int] = {}
    for start in range(0, len(visit_ids), _MOST):
        is_of_these = VisitDiagnosis.visit_id.in_(visit_ids[start : start + _MOST])
        stmt = select(VisitDiagnosis.visit_id, VisitDiagnosis.code, VisitDiagnosis.display)
        standing |= {
            _name(*row) for row in db.session.execute(stmt.where(is_of_these, VisitDiagnosis.removed_at.is_(None)))
        }
        positions = select(VisitDiagnosis.visit_id, func.max(VisitDiagnosis.position).label("last"))
        found = db.session.execute(positions.where(is_of_these).group_by(VisitDiagnosis.visit_id))
        last |= {row.visit_id: row.last for row in found}
    values = []
    for row in rows:
        visit_id = row["visit_id"]
        name = _name(visit_id, row["code"], row["display"])
        if name in standing:
            continue
        standing.add(name)
        last[visit_id] = last.get(visit_id, -1) + 1
        said = {one: row[one] for one in ("visit_id", "patient_id", "code", "code_system", "display")}
        values.append(
            {"id": new_id(), "position": last[visit_id], "is_primary": False, "recorded_at": clock.now(), **said}
        )
    if values:
        db.session.execute(insert(VisitDiagnosis.__table__), values)


def _name(visit_id: uuid.UUID, code: str | None, display: str) -> tuple[uuid.UUID, str | None, str]:
    """Return by what a diagnosis is known at a visit: its code or, where it has none, its words."""
    return visit_id, code, "" if code else display


def remove_imported_diagnosis(*, visit_id: uuid.UUID, code: str | None, display: str) -> None:
    """Take off a diagnosis that the source takes back or says otherwise now; it stays on record."""
    db.session.execute(
        update(VisitDiagnosis)
        .where(
            VisitDiagnosis.visit_id == visit_id,
            VisitDiagnosis.code == code if code else VisitDiagnosis.code.is_(None),
            VisitDiagnosis.display == display,
            VisitDiagnosis.recorded_by.is_(None),
            VisitDiagnosis.removed_at.is_(None),
        )
        .values(removed_at=clock.now())
    )
