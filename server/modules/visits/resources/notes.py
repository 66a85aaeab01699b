"""Notes on visits."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response, request

from server.core import answers, trail as trails
from server.core.declare import declares
from server.core.resource import Resource
from server.modules.patients.policies import Perm as PatientPerm
from server.modules.patients.schemas.chart import ReasonQuery
from server.modules.patients.service.chart import EnteredInError
from server.modules.visits.paths import visit_within
from server.modules.visits.policies import Perm
from server.modules.visits.queries import notes as queries
from server.modules.visits.resources.routing import api
from server.modules.visits.schemas.notes import AddendumIn, NoteAnswer, NoteCreate, NoteIn, NoteQuery
from server.modules.visits.service import notes as service
from server.modules.visits.service.gate import VisitClosed

_NOTE: dict[str, Any] = {"object_type": "note", "within": visit_within}
_SHOWN = {**_NOTE, "out": NoteAnswer}
_CLOSED = (VisitClosed, EnteredInError, service.NoteSigned)


class Notes(Resource):
    """The base of what answers with notes."""

    def seen(self, visit_id: uuid.UUID, note_id: uuid.UUID) -> dict[str, Any]:
        """Return one note as the caller sees it."""
        row = queries.note_row(self.connection, visit_id, note_id, as_patient=self.parent.as_patient)
        (note,) = queries.dumped(self.connection, [row])
        return note

    def of(self, visit_id: uuid.UUID, note_id: uuid.UUID) -> dict[str, Any]:
        """Return what each verb is told: who acts, and on which note."""
        return {"actor": self.actor, "patient_id": self.parent.id, "visit_id": visit_id, "note_id": note_id}


class NoteCollection(Notes):
    """The notes on a visit."""

    @declares(PatientPerm.CHART_READ, action="notes.list", query=NoteQuery, many=True, **_SHOWN)
    def get(self, visit_id: uuid.UUID) -> Response:
        """List the notes on a visit; the patient sees those that are signed."""
        as_patient = self.parent.as_patient
        page = queries.page_of_notes(self.connection, visit_id, self.query, as_patient=as_patient)
        shown = queries.dumped(self.connection, page.rows)
        trails.current().listed(note["id"] for note in shown)
        return answers.listed(page, shown)

    @declares(Perm.NOTES_DRAFT, action="notes.draft", body=NoteCreate, problems=(VisitClosed,), **_SHOWN)
    def post(self, visit_id: uuid.UUID) -> Response:
        """Draft a note on an open visit."""
        note = service.draft(actor=self.actor, patient_id=self.parent.id, visit_id=visit_id, **self.body)
        return self.created(self.seen(visit_id, note.id), "Note drafted.")


class NoteItem(Notes):
    """One note."""

    @declares(PatientPerm.CHART_READ, action="notes.read", **_SHOWN)
    def get(self, visit_id: uuid.UUID, note_id: uuid.UUID) -> Response:
        """Show one note with what was added to it; staff see one that was entered in error too."""
        return self.show(self.seen(visit_id, note_id))

    @declares(Perm.NOTES_DRAFT, action="notes.change", body=NoteIn, version="required", problems=_CLOSED, **_SHOWN)
    def patch(self, visit_id: uuid.UUID, note_id: uuid.UUID) -> Response:
        """Change one's own draft."""
        service.change(**self.of(visit_id, note_id), expected=self.expected, **self.body)
        return self.show(self.seen(visit_id, note_id), "Note changed.")

    @declares(PatientPerm.VOID, action="notes.void", query=ReasonQuery, version="required", **_NOTE)
    def delete(self, visit_id: uuid.UUID, note_id: uuid.UUID) -> Response:
        """Mark one's own note, or one that one signed, as entered in error; it stays readable by id."""
        reason = self.query["reason"]
        service.mark_as_error(**self.of(visit_id, note_id), expected=self.expected, reason=reason)
        return self.gone()


class NoteSign(Notes):
    """Signing a note."""

    @declares(Perm.NOTES_SIGN, action="notes.sign", status=200, version="optional", problems=_CLOSED, **_SHOWN)
    def post(self, visit_id: uuid.UUID, note_id: uuid.UUID) -> Response:
        """Sign a note, once: one's own, or the draft of somebody who may not sign."""
        service.sign(**self.of(visit_id, note_id), expected=self.expected)
        return self.show(self.seen(visit_id, note_id), "Note signed.")


class NoteAddenda(Notes):
    """What is added to a signed note."""

    @declares(
        Perm.NOTES_ADDEND,
        action="notes.addend",
        body=AddendumIn,
        problems=(service.NoteNotSigned, EnteredInError),
        **_SHOWN,
    )
    def post(self, visit_id: uuid.UUID, note_id: uuid.UUID) -> Response:
        """Add to a signed note, also after its visit was closed; the note is answered with all that was added."""
        service.addend(**self.of(visit_id, note_id), **self.body)
        note = self.seen(visit_id, note_id)
        return self.created(note, "Added to the note.", location=request.path.removesuffix("/addenda"))


api.add_resource(NoteCollection, "/visits/<uuid:visit_id>/notes")
api.add_resource(NoteItem, "/visits/<uuid:visit_id>/notes/<uuid:note_id>")
api.add_resource(NoteSign, "/visits/<uuid:visit_id>/notes/<uuid:note_id>/sign")
api.add_resource(NoteAddenda, "/visits/<uuid:visit_id>/notes/<uuid:note_id>/addenda")
