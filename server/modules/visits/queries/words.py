"""Say of which entries a caller reads the words that staff wrote on them (ADR 25)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, exists, false, or_, true
from sqlalchemy.orm import aliased

from server.modules.visits.enums import VisitStatus
from server.modules.visits.models import Visit

# Beside the visit that a statement may join.
_visit = aliased(Visit)


def reads_words(visit_id: Any, by_staff: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return "the caller reads the words of this entry", row by row, as the column that follows those of the answer.

    Staff do at once, the patient once the visit is completed; an entry of no visit is read by both.
    """
    is_completed = exists().where(_visit.id == visit_id, _visit.status == VisitStatus.COMPLETED)
    return or_(by_staff, visit_id.is_(None), is_completed).label("reads_words")


def seen_by_staff(*, as_patient: bool) -> ColumnElement[bool]:
    """Return whether one chart is seen by staff, as a condition."""
    return false() if as_patient else true()
