"""Look what would speak against a prescription, without writing one."""

from __future__ import annotations

import uuid
from typing import Any

from server.modules.prescriptions.service import checks, items


def look(*, patient_id: uuid.UUID, prescription_id: uuid.UUID | None = None, **said: Any) -> list[checks.Finding]:
    """Return what the checks find of these items, beside everything but the prescription that they would replace."""
    rows = items.rows_of(said)
    items.ordered_of(rows, items.paths_of(said, len(rows)))
    return checks.run(patient_id=patient_id, asked=items.asked_of(rows), leaving_out=prescription_id)
