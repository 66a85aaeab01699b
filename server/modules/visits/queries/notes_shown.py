"""What notes show in a patient's timeline: that one was signed, and by whom, and to staff that one waits for it."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Select

from server.modules.doctors.models import Doctor
from server.modules.patients.shown import add_events, event
from server.modules.patients.told import name_kind
from server.modules.visits.enums import NoteStatus
from server.modules.visits.models import VisitNote

_DOCTOR_NAME = Doctor.first_name + " " + Doctor.last_name


def install() -> None:
    """Register the events of notes, and what patients call them."""
    name_kind("notes", "Notes on visits")
    signed, drafted = VisitNote.signed_by, VisitNote.recorded_by
    add_events("note_signed", _events("note_signed", VisitNote.signed_at, signed, NoteStatus.SIGNED))
    add_events("note_drafted", _events("note_drafted", VisitNote.created_at, drafted, NoteStatus.DRAFT), for_staff=True)


def _events(kind: str, at: Any, by: Any, status: NoteStatus) -> Any:
    def source(patient_id: uuid.UUID) -> Select[Any]:
        return (
            event(
                at=at,
                kind=kind,
                object_type="note",
                object_id=VisitNote.id,
                title=kind.replace("_", " ").capitalize(),
                doctor_id=Doctor.id,
                doctor_name=_DOCTOR_NAME,
            )
            .select_from(VisitNote)
            .outerjoin(Doctor, Doctor.user_id == by)
            .where(VisitNote.patient_id == patient_id, VisitNote.status == status)
        )

    return source
