"""Documents over HTTP."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from flask import Response

from server.core import answers, state, trail as trails
from server.core.db import reading
from server.core.declare import declares
from server.core.dump import row_dumper
from server.core.resource import Resource
from server.modules.files.errors import (
    FileDamaged,
    FileInfected,
    FileTypeMismatch,
    FileTypeNotAllowed,
    ImageTooLarge,
    NoPreview,
    ScanPending,
)
from server.modules.files.service import keeping
from server.modules.patients.paths import entry_within, found_in_scope, patient_within
from server.modules.patients.policies import Perm as PatientPerm
from server.modules.patients.schemas.chart import ReasonQuery
from server.modules.patients.service.chart import EnteredInError
from server.modules.records.models import Document
from server.modules.records.policies import Perm
from server.modules.records.queries import documents as queries
from server.modules.records.resources.routing import api
from server.modules.records.schemas.documents import DocumentIn, DocumentOut, DocumentQuery
from server.modules.records.service import documents as service
from server.modules.records.service.records import AlreadyReleased
from server.modules.visits.service.gate import VisitClosed

_DOCUMENT: dict[str, Any] = {"object_type": "document", "within": patient_within}
_FILE = {**_DOCUMENT, "media_type": "image/png", "other_media_types": ("image/jpeg",)}
_NOT_TAKEN = (FileTypeNotAllowed, FileTypeMismatch, FileDamaged, ImageTooLarge, VisitClosed)

_dump = row_dumper(DocumentOut, queries.COLUMNS)


class Documents(Resource):
    """The base of what answers with documents."""

    def seen(self, document_id: uuid.UUID, *, is_own: bool = False) -> dict[str, Any]:
        """Return one document as the caller sees it; what one has just written oneself is seen whole."""
        as_patient = self.parent.as_patient and not is_own
        return _dump(queries.document_row(self.connection, self.parent.id, document_id, as_patient=as_patient))

    def handed_out(self, document_id: uuid.UUID, *, is_preview: bool = False) -> Response:
        """Answer with the bytes of one document, or of its preview."""
        trails.current().about(document_id, patient_id=self.parent.id)
        file = queries.file_row(self.connection, self.parent.id, document_id, as_patient=self.parent.as_patient)
        key = file.preview_key if is_preview else file.storage_key
        if key is None:
            raise NoPreview
        keeping.require_harmless(file.scan)
        return answers.download(
            partial(state.storage().open, key),
            name=f"preview-{file.name}" if is_preview else file.name,
            media_type=file.media_type,
            size=None if is_preview else file.size,
        )


class DocumentCollection(Documents):
    """The documents of a patient."""

    @declares(
        Perm.DOCUMENTS_READ, action="documents.list", query=DocumentQuery, out=DocumentOut, many=True, **_DOCUMENT
    )
    def get(self, patient_id: uuid.UUID) -> Response:
        """List the documents of a patient; patients see those that are released, and their own."""
        as_patient = self.parent.as_patient
        return self.page(queries.page_of_documents(self.connection, self.parent.id, self.query, as_patient=as_patient))

    def before_post(self, patient_id: uuid.UUID) -> uuid.UUID:
        """Store the file for a patient whom the caller reaches, while no transaction is open."""
        found_in_scope(reading(), self.actor, Perm.DOCUMENTS_UPLOAD, patient_id)
        return keeping.take_in(self.body["file"], uploaded_by=self.actor.user_id)

    @declares(
        Perm.DOCUMENTS_UPLOAD,
        action="documents.upload",
        body=DocumentIn,
        upload=True,
        rate="upload",
        out=DocumentOut,
        problems=_NOT_TAKEN,
        **_DOCUMENT,
    )
    def post(self, patient_id: uuid.UUID) -> Response:
        """Put a PNG, JPEG or PDF file into a patient's chart.

        Content, ending of the name and declared type have to agree. Patients put files into their own charts, where
        they and those who care see them at once; what the clinic puts in the patient sees once it is released.
        """
        document = service.add(
            actor=self.actor,
            patient_id=self.parent.id,
            file_id=self.prepared,
            as_patient=self.parent.as_patient,
            **self.body,
        )
        return self.created(self.seen(document.id, is_own=True), "Document stored.")


class DocumentItem(Documents):
    """One document."""

    @declares(Perm.DOCUMENTS_READ, action="documents.read", out=DocumentOut, **_DOCUMENT)
    def get(self, patient_id: uuid.UUID, document_id: uuid.UUID) -> Response:
        """Show what is known of one document; staff see one that was entered in error too."""
        return self.show(self.seen(document_id))

    @declares(PatientPerm.VOID, action="documents.void", query=ReasonQuery, version="required", **_DOCUMENT)
    def delete(self, patient_id: uuid.UUID, document_id: uuid.UUID) -> Response:
        """Mark one's own document as entered in error; its patient sees it no longer."""
        service.mark_as_error(
            actor=self.actor,
            patient_id=self.parent.id,
            document_id=document_id,
            expected=self.expected,
            reason=self.query["reason"],
        )
        return self.gone()


class DocumentContent(Documents):
    """The bytes of a document."""

    @declares(
        Perm.DOCUMENTS_READ,
        action="documents.download",
        problems=(ScanPending, FileInfected),
        **{**_FILE, "other_media_types": ("image/jpeg", "application/pdf")},
    )
    def get(self, patient_id: uuid.UUID, document_id: uuid.UUID) -> Response:
        """Hand out the file of a document, once a configured scanner has found it clean."""
        return self.handed_out(document_id)


class DocumentPreview(Documents):
    """A small picture of a document."""

    @declares(Perm.DOCUMENTS_READ, action="documents.preview", problems=(ScanPending, FileInfected, NoPreview), **_FILE)
    def get(self, patient_id: uuid.UUID, document_id: uuid.UUID) -> Response:
        """Hand out a copy of an image of at most 1024 pixels that holds nothing but them; a PDF has none."""
        return self.handed_out(document_id, is_preview=True)


class DocumentRelease(Documents):
    """The release of a document."""

    @declares(
        Perm.RELEASE,
        action="documents.release",
        object_type="document",
        out=DocumentOut,
        status=200,
        within=entry_within(Document, "document_id"),
        problems=(AlreadyReleased, EnteredInError, FileInfected, VisitClosed),
    )
    def post(self, document_id: uuid.UUID) -> Response:
        """Show a document to its patient: one's own, or one brought in by somebody who may not release."""
        service.release(actor=self.actor, patient_id=self.parent.id, document_id=document_id)
        return self.show(self.seen(document_id), "Document released.")


_ITEM = "/patients/<uuid:patient_id>/documents/<uuid:document_id>"

api.add_resource(DocumentCollection, "/patients/<uuid:patient_id>/documents")
api.add_resource(DocumentItem, _ITEM)
api.add_resource(DocumentContent, f"{_ITEM}/content")
api.add_resource(DocumentPreview, f"{_ITEM}/preview")
api.add_resource(DocumentRelease, "/documents/<uuid:document_id>/release")
