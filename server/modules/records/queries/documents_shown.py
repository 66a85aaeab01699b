"""What documents show in a patient's timeline and in the export."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Select
from sqlalchemy.sql import ColumnElement

from server.modules.doctors.models import Doctor
from server.modules.patients.enums import ENTERED_IN_ERROR
from server.modules.patients.shown import add_events, add_files, event
from server.modules.records.enums import DocumentStatus
from server.modules.records.models import Document
from server.modules.records.queries.documents import released_files
from server.modules.visits.enums import Source

_DOCTOR_NAME = Doctor.first_name + " " + Doctor.last_name
_by_patient = Document.source == Source.PATIENT
_by_clinic = Document.source != Source.PATIENT
_is_released = Document.status == DocumentStatus.RELEASED


def install() -> None:
    """Register the events and the files of documents."""
    add_events("document_released", _events("document_released", Document.released_at, _by_clinic, _is_released))
    add_events("own_document", _events("own_document", Document.created_at, _by_patient, _is_released))
    added = _events("document_added", Document.created_at, _by_clinic, Document.status != ENTERED_IN_ERROR)
    add_events("document_added", added, for_staff=True)
    add_files("documents", released_files)


def _events(kind: str, at: Any, *which: ColumnElement[bool]) -> Any:
    def source(patient_id: uuid.UUID) -> Select[Any]:
        return (
            event(
                at=at,
                kind=kind,
                object_type="document",
                object_id=Document.id,
                title=Document.title,
                doctor_id=Doctor.id,
                doctor_name=_DOCTOR_NAME,
            )
            .select_from(Document)
            .outerjoin(Doctor, Doctor.id == Document.doctor_id)
            .where(Document.patient_id == patient_id, *which)
        )

    return source
