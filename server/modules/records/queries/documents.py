"""Read documents; a patient is shown those that are released."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Any

from sqlalchemy import Connection, Row, Select, select
from sqlalchemy.sql import ColumnElement

from server.core import state
from server.core.clock import begin_of, end_of
from server.core.dump import columns_of
from server.core.errors import NotFound
from server.core.listing import ListSpec, Page, fetch_page
from server.core.storage import FileMissing
from server.modules.doctors.models import Doctor
from server.modules.files.enums import Scan
from server.modules.files.models import StoredFile
from server.modules.patients.models import Patient
from server.modules.patients.queries.people import present_page, survivor_of
from server.modules.records.enums import DocumentStatus
from server.modules.records.models import Document
from server.modules.records.schemas.documents import DocumentOut
from server.modules.users.hands import hands_of

COLUMNS = tuple(columns_of(DocumentOut))

_table, _hands = Document.__table__, hands_of(Document, releaser=Document.released_by)
_JOINED: Mapping[str, Any] = {
    "patient_first_name": Patient.first_name.label("patient_first_name"),
    "patient_last_name": Patient.last_name.label("patient_last_name"),
    "patient_mrn": Patient.mrn.label("patient_mrn"),
    "doctor_first_name": Doctor.first_name.label("doctor_first_name"),
    "doctor_last_name": Doctor.last_name.label("doctor_last_name"),
    **_hands.columns,
    "file_name": StoredFile.name.label("file_name"),
    "media_type": StoredFile.media_type,
    "size": StoredFile.size,
    "sha256": StoredFile.sha256,
    "scan": StoredFile.scan,
    "has_preview": StoredFile.preview_key.is_not(None).label("has_preview"),
}

LIST = ListSpec(sorts={"created_at": Document.id}, tie=Document.id, default="-created_at")

_FILTERS: Mapping[str, Callable[[Any], ColumnElement[bool]]] = {
    "doctor_id": lambda doctor_id: Document.doctor_id == doctor_id,
    "visit_id": lambda visit_id: Document.visit_id == visit_id,
    "status": lambda status: Document.status == status,
    "from": lambda bound: Document.created_at >= begin_of(bound),
    "to": lambda bound: Document.created_at < end_of(bound),
}


def _of_patient(stmt: Select[Any], patient_id: uuid.UUID, *, as_patient: bool) -> Select[Any]:
    stmt = stmt.where(Document.patient_id == patient_id)
    # One that was entered in error may be somebody else's: the patient is not shown it, released before or not.
    return stmt.where(Document.status == DocumentStatus.RELEASED) if as_patient else stmt


def _joined() -> Select[Any]:
    return _hands.join(
        select(*(_JOINED[name] if name in _JOINED else _table.c[name] for name in COLUMNS))
        .select_from(Document)
        .join(StoredFile, StoredFile.id == Document.file_id)
        .join(Patient, Patient.id == Document.patient_id)
        .outerjoin(Doctor, Doctor.id == Document.doctor_id)
    )


def page_of_documents(
    connection: Connection, patient_id: uuid.UUID, query: Mapping[str, Any], *, as_patient: bool
) -> Page:
    """Return one page of a patient's documents, those entered in error left out unless they are asked for."""
    stmt = _of_patient(_joined(), patient_id, as_patient=as_patient)
    stmt = stmt.where(*(condition(query[name]) for name, condition in _FILTERS.items() if name in query))
    if "patient_id" in query:
        asked = survivor_of(connection, query["patient_id"]) or query["patient_id"]
        stmt = stmt.where(Document.patient_id == asked)
    if "status" not in query:
        stmt = stmt.where(Document.status != DocumentStatus.ENTERED_IN_ERROR)
    return present_page(connection, patient_id, fetch_page(connection, stmt, LIST, query))


def document_row(
    connection: Connection, patient_id: uuid.UUID, document_id: uuid.UUID, *, as_patient: bool
) -> Sequence[Any]:
    """Return `COLUMNS` of one document of a patient, or raise `NotFound`; staff see those entered in error too."""
    stmt = _of_patient(_joined(), patient_id, as_patient=as_patient).where(Document.id == document_id)
    found = connection.execute(stmt).first()
    if found is None:
        raise NotFound
    return found


def file_row(connection: Connection, patient_id: uuid.UUID, document_id: uuid.UUID, *, as_patient: bool) -> Row[Any]:
    """Return where the bytes of one document of a patient lie and what they are, or raise `NotFound`."""
    file = StoredFile.__table__
    stmt = select(file.c.storage_key, file.c.preview_key, file.c.name, file.c.media_type, file.c.size, file.c.scan)
    stmt = stmt.select_from(Document).join(file, file.c.id == Document.file_id)
    found = connection.execute(
        _of_patient(stmt, patient_id, as_patient=as_patient).where(Document.id == document_id)
    ).first()
    if found is None:
        raise NotFound
    return found


def released_files(connection: Connection, patient_ids: Sequence[uuid.UUID]) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the documents that patients may see, for their exports, one at a time.

    What waits for its scan, is infected or was lost is left out; the document beside the files names it all the same.
    """
    stmt = (
        select(Document.id, StoredFile.name, StoredFile.storage_key)
        .join(StoredFile, StoredFile.id == Document.file_id)
        .where(
            Document.patient_id.in_(patient_ids),
            Document.status == DocumentStatus.RELEASED,
            StoredFile.scan.in_((Scan.CLEAN, Scan.UNSCANNED)),
        )
        .order_by(Document.id)
    )
    for row in connection.execute(stmt).all():
        content = _content_of(row.storage_key)
        if content is not None:
            with content:
                yield f"{row.id}_{row.name}", content.read()


def _content_of(key: str) -> IO[bytes] | None:
    try:
        return state.storage().open(key)
    except FileMissing:
        return None


def read_for_change(connection: Connection, patient_id: uuid.UUID, document_id: uuid.UUID) -> Row[Any]:
    """Return who brought a document in and at which visit, or raise `NotFound`."""
    wanted: tuple[Any, ...] = (Document.recorded_by, Document.visit_id)
    found = connection.execute(
        select(*wanted).where(Document.id == document_id, Document.patient_id == patient_id)
    ).first()
    if found is None:
        raise NotFound
    return found
