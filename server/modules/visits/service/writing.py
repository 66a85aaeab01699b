"""Write what is said at a visit: complaint, notes, instructions, diagnoses and what follows."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select

from server.core import clock, trail as trails
from server.core.access import Actor
from server.core.columns import Expected
from server.core.db import db
from server.core.errors import refused
from server.modules.visits.enums import VisitStatus
from server.modules.visits.models import Visit, VisitDiagnosis
from server.modules.visits.service import steps
from server.modules.visits.service.gate import VisitClosed

Diagnosis = Mapping[str, Any]


def change(*, actor: Actor, visit_id: uuid.UUID, expected: Expected, **changes: Any) -> Visit:
    """Write what was sent of an open visit; a list of diagnoses replaces the one that stands."""
    visit = steps.locked_alone(visit_id)
    if visit.status != VisitStatus.OPEN:
        raise VisitClosed
    visit.require(expected)
    write(visit, actor=actor, **changes)
    return visit


def write(visit: Visit, *, actor: Actor, diagnoses: Sequence[Diagnosis] | None = None, **words: Any) -> None:
    """Write words and diagnoses of a visit that is open and locked; however many they are, it is one change of it."""
    if diagnoses is not None and diagnose(visit, actor=actor, wanted=diagnoses):
        visit.touch()
    say(visit, **words)
    db.session.flush()


def say(visit: Visit, **words: Any) -> None:
    """Write the words of a visit that is open, or about to be."""
    for name, value in words.items():
        setattr(visit, name, value)
    _require_later(visit, words.get("follow_up_on"))


def rewrites(visit: Visit, *, diagnoses: Sequence[Diagnosis] | None = None, **words: Any) -> bool:
    """Whether something that is said of a visit would be lost; to add what nobody has said yet loses nothing."""
    if any(getattr(visit, name) not in (None, False, value) for name, value in words.items()):
        return True
    if diagnoses is None:
        return False
    return not {_said(row) for row in _standing(visit)} <= {_key(one) for one in diagnoses}


def _standing(visit: Visit) -> list[VisitDiagnosis]:
    stmt = select(VisitDiagnosis).where(VisitDiagnosis.visit_id == visit.id, VisitDiagnosis.removed_at.is_(None))
    return list(db.session.scalars(stmt.order_by(VisitDiagnosis.position, VisitDiagnosis.id)))


def _require_later(visit: Visit, follow_up_on: date | None) -> None:
    if follow_up_on is not None and follow_up_on < visit.started_at.astimezone(clock.clinic_zone()).date():
        raise refused("follow_up_on", why="Must not be before the visit.")


def diagnose(visit: Visit, *, actor: Actor | None, wanted: Sequence[Diagnosis]) -> bool:
    """Have these diagnoses stand, in this order, and tell whether others stood before.

    One that is taken off, or of which a word changes, stays on record with who took it off.
    """
    standing = _standing(visit)
    if [_said(one) for one in standing] == [_key(one) for one in wanted]:
        return False
    kept: list[VisitDiagnosis] = []
    actor_id = actor.user_id if actor else None
    for position, one in enumerate(wanted):
        found = next((row for row in standing if row not in kept and _said(row) == _key(one)), None)
        if found is None:
            found = VisitDiagnosis(visit_id=visit.id, patient_id=visit.patient_id, recorded_by=actor_id, **_named(one))
            db.session.add(found)
        found.position = position
        kept.append(found)
    for row in standing:
        if row not in kept:
            row.removed_at, row.removed_by = clock.now(), actor_id
    trails.current().changed.add("diagnoses")
    db.session.flush()
    return True


def _key(one: Diagnosis) -> tuple[str | None, str, bool]:
    return one["code"], one["display"], one["is_primary"]


def _said(row: VisitDiagnosis) -> tuple[str | None, str, bool]:
    return row.code, row.display, row.is_primary


def _named(one: Diagnosis) -> dict[str, Any]:
    code, display, is_primary = _key(one)
    system = "icd10cm" if code else None
    return {"code": code, "code_system": system, "display": display, "is_primary": is_primary}
