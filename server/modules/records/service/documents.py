"""Rules of documents: who brings them in, who releases them to the patient, and what happens to an infected one."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import select

from server.core import clock, trail as trails
from server.core.access import Actor
from server.core.columns import Expected
from server.core.db import db
from server.core.errors import refused
from server.core.uploads import Upload
from server.modules.doctors.models import Doctor
from server.modules.files.enums import Scan
from server.modules.files.errors import FileInfected
from server.modules.files.models import StoredFile
from server.modules.files.service import keeping
from server.modules.notifications.enums import Kind, SecurityEvent
from server.modules.notifications.service import notify
from server.modules.patients.service import chart
from server.modules.patients.service.authorship import require_answering
from server.modules.patients.service.chart import EnteredInError
from server.modules.patients.service.glass import watchers
from server.modules.records.enums import DocumentStatus
from server.modules.records.models import Document
from server.modules.records.policies import Perm
from server.modules.records.queries.documents import read_for_change
from server.modules.records.service.records import AlreadyReleased
from server.modules.visits.enums import Source
from server.modules.visits.service.gate import pass_into


def add(
    *,
    actor: Actor,
    patient_id: uuid.UUID,
    file_id: uuid.UUID,
    file: Upload,
    as_patient: bool,
    visit_id: uuid.UUID | None = None,
    title: str | None = None,
    **fields: Any,
) -> Document:
    """Put a stored file into a chart, at an open visit if one is named.

    What patients bring in themselves they and those who care see at once; the clinic's is held until it is released.
    """
    if as_patient and visit_id:
        raise refused("visit_id", why="A document of one's own belongs to no visit.")
    visit = pass_into(visit_id, patient_id=patient_id) if visit_id else None
    document = Document(
        patient_id=patient_id,
        recorded_by=actor.user_id,
        visit_id=visit_id,
        doctor_id=visit.doctor_id if visit else None,
        file_id=keeping.keep(file_id).id,
        title=title or file.name,
        source=Source.CLINIC,
        status=DocumentStatus.HELD,
    )
    if fields.get("id"):
        document.id = fields["id"]
    if as_patient:
        document.source = Source.PATIENT
        _release(document, actor)
    elif visit is None:
        document.doctor_id = _profile_of(actor)
    db.session.add(document)
    db.session.flush()
    trails.current().about(document.id, patient_id=patient_id)
    return document


def _profile_of(actor: Actor) -> uuid.UUID | None:
    """Return the profile of the actor who works as a doctor: it outlasts the role, which this asks for too."""
    if not actor.can(Perm.RELEASE):
        return None
    found: uuid.UUID | None = db.session.scalar(select(Doctor.id).where(Doctor.user_id == actor.user_id))
    return found


def release(*, actor: Actor, patient_id: uuid.UUID, document_id: uuid.UUID) -> Document:
    """Show a document to its patient, once: one's own, or one brought in by somebody who may not release."""
    found = read_for_change(db.session.connection(), patient_id, document_id)
    require_answering(actor=actor, permission=Perm.RELEASE, author_id=found.recorded_by)
    if found.visit_id is not None:
        pass_into(found.visit_id, patient_id=patient_id)
    document = db.session.get_one(Document, document_id, with_for_update=True)
    trails.current().about(document_id, patient_id=patient_id)
    if document.is_voided:
        raise EnteredInError
    if document.status == DocumentStatus.RELEASED:
        raise AlreadyReleased
    if db.session.get_one(StoredFile, document.file_id).scan == Scan.INFECTED:
        raise FileInfected
    _release(document, actor)
    db.session.flush()
    return document


def _release(document: Document, actor: Actor) -> None:
    document.status = DocumentStatus.RELEASED
    document.released_at, document.released_by = clock.now(), actor.user_id


def mark_as_error(
    *, actor: Actor, patient_id: uuid.UUID, document_id: uuid.UUID, expected: Expected, reason: str
) -> None:
    """Mark a document as entered in error, also after its visit was closed; its file stays where it is."""
    chart.mark_as_error(
        actor=actor, model=Document, patient_id=patient_id, entry_id=document_id, expected=expected, reason=reason
    )


def on_infected(_sender: object, *, file_id: uuid.UUID) -> None:
    """Tell those who watch over access, and who brought it in, that a document holds malware."""
    stmt = select(Document.id, Document.recorded_by).where(Document.file_id == file_id)
    found = db.session.execute(stmt).first()
    if found is None:
        return
    notify(
        user_ids={*watchers(), found.recorded_by},
        kind=Kind.SECURITY,
        source_type="document",
        source_id=found.id,
        details={"event": SecurityEvent.FILE_INFECTED},
    )
