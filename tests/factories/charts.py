"""Make visits and what belongs to them directly: what tests of the rooms on visits begin with."""

import itertools
import uuid
from datetime import UTC, datetime
from typing import Any

from flask import Flask

from server.core import clock
from server.core.db import db
from server.core.uow import command
from server.modules.visits.models import Visit

# When a visit began at which something is said to have happened since.
NEW_YEAR = datetime(2026, 1, 1, 8, tzinfo=UTC)
# Far from what the application counts itself.
_numbers = itertools.count(500_000)


def make_visit(app: Flask, patient_id: uuid.UUID, doctor_id: uuid.UUID | None = None, **fields: Any) -> uuid.UUID:
    """Write the row of a visit, open unless told otherwise, and open nobody's chart with it; return its id."""
    facts = {
        "number": next(_numbers),
        "status": "open",
        "visit_type": "consultation",
        "source": "clinic" if doctor_id else "imported",
        "started_at": clock.now(),
        **fields,
    }
    with app.app_context(), command("tests.make_visit", "visit"):
        visit = Visit(patient_id=patient_id, doctor_id=doctor_id, **facts)
        db.session.add(visit)
        db.session.flush()
        return visit.id


def set_visit(app: Flask, visit_id: uuid.UUID, **columns: Any) -> None:
    """Write columns of a visit directly, such as the status that closing it would set."""
    table = Visit.__table__
    with app.app_context(), command("tests.set_visit", "visit"):
        db.session.execute(table.update().where(table.c.id == visit_id).values(**columns))
