"""The note of a consultation."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from server.modules.visits.parts import Part, Sitting, add_part
from server.modules.visits.policies import Perm
from server.modules.visits.queries import notes as queries
from server.modules.visits.schemas.notes import NoteAnswer, NoteCreate
from server.modules.visits.service import notes as service


def install() -> None:
    """Register the part of this module."""
    add_part(
        Part(name="note", shape=NoteCreate, out=NoteAnswer, permission=Perm.NOTES_DRAFT, save=_draft, show=_show),
    )


def _draft(sitting: Sitting, sent: Mapping[str, Any]) -> uuid.UUID:
    made = service.draft(actor=sitting.actor, patient_id=sitting.patient_id, visit_id=sitting.visit_id, **sent)
    return made.id


def _show(connection: Connection, sitting: Sitting, note_id: uuid.UUID) -> dict[str, Any]:
    row = queries.note_row(connection, sitting.visit_id, note_id, as_patient=False)
    return queries.dumped(connection, [row])[0]
