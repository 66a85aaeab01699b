"""What is recorded at a visit, in whatever room: asked of the schema, so that a new table joins by its foreign key."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Connection, Table, exists, or_, select
from sqlalchemy.sql import ColumnElement

from server.core.db import Base
from server.modules.patients.enums import ENTERED_IN_ERROR
from server.modules.visits.models import Visit, VisitDiagnosis, VisitEvent

# The steps of a visit say that it was opened, which is not yet anything.
_NO_CONTENT = frozenset({VisitEvent.__tablename__})
_WORDS = (Visit.chief_complaint, Visit.notes, Visit.patient_instructions, Visit.follow_up_on)


def columns_naming_a_visit() -> Iterator[tuple[Table, Column[Any]]]:
    """Yield every table that holds something of a visit, with the column that names it."""
    visits = Base.metadata.tables[Visit.__tablename__]
    for table in Base.metadata.sorted_tables:
        for column in table.c:
            if table.name not in _NO_CONTENT and any(key.column is visits.c.id for key in column.foreign_keys):
                yield table, column


def has_content(connection: Connection, visit_id: uuid.UUID) -> bool:
    """Whether anything stands that was recorded at a visit: words, a diagnosis, or an entry of any room."""
    words = or_(*(column.is_not(None) for column in _WORDS), Visit.free_follow_up)
    entries = [_stands(table, column, visit_id) for table, column in columns_naming_a_visit()]
    stmt = select(or_(exists().where(Visit.id == visit_id, words), *entries))
    return bool(connection.scalar(stmt))


def has_entries(connection: Connection, visit_id: uuid.UUID) -> bool:
    """Whether an entry of any room stands that was made at a visit; its words and diagnoses are part of the visit."""
    rooms = [(table, column) for table, column in columns_naming_a_visit() if table is not VisitDiagnosis.__table__]
    return bool(connection.scalar(select(or_(*(_stands(table, column, visit_id) for table, column in rooms)))))


def _stands(table: Table, column: Column[Any], visit_id: uuid.UUID) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [column == visit_id]
    if table is VisitDiagnosis.__table__:
        conditions.append(table.c.removed_at.is_(None))
    elif "status" in table.c:
        conditions.append(table.c.status != ENTERED_IN_ERROR)
    return exists().where(*conditions)
