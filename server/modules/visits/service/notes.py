"""Rules of notes: drafted, signed once, added to, never changed after."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from typing import Any

from server.core import clock, trail as trails
from server.core.access import Actor
from server.core.columns import Expected
from server.core.db import db
from server.core.errors import Conflict, NotFound, refused
from server.modules.patients.service import chart
from server.modules.patients.service.authorship import require_answering
from server.modules.patients.service.chart import EnteredInError
from server.modules.visits.enums import NoteStatus
from server.modules.visits.models import NoteAddendum, VisitNote
from server.modules.visits.policies import Perm
from server.modules.visits.queries.notes import read_for_change
from server.modules.visits.service.gate import pass_into

PARTS = ("subjective", "objective", "assessment", "plan")


class NoteSigned(Conflict):
    """This note is signed and stays as it is; add to it instead."""

    code = "note_signed"


class NoteNotSigned(Conflict):
    """This note is a draft: change it, or sign it before you add to it."""

    code = "note_not_signed"


def fingerprint(parts: Mapping[str, str | None]) -> str:
    """Return the SHA-256, in hex, of a note's text; the same text has the same one, whoever wrote it and wherever.

    What is hashed is the UTF-8 JSON object of the four parts in the form of RFC 8785 (JSON Canonicalization Scheme):
    keys in order, no spaces, parts that are not written null.
    """
    text = {name: parts.get(name) for name in PARTS}
    canonical = json.dumps(text, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def draft(*, actor: Actor, patient_id: uuid.UUID, visit_id: uuid.UUID, **fields: Any) -> VisitNote:
    """Begin a note on an open visit; `fields` are its parts, and its id where the client made one."""
    pass_into(visit_id, patient_id=patient_id)
    note = VisitNote(patient_id=patient_id, visit_id=visit_id, recorded_by=actor.user_id, status=NoteStatus.DRAFT)
    if fields.get("id"):
        note.id = fields.pop("id")
    _write(note, fields)
    db.session.add(note)
    db.session.flush()
    return note


def change(
    *,
    actor: Actor,
    patient_id: uuid.UUID,
    visit_id: uuid.UUID,
    note_id: uuid.UUID,
    expected: Expected,
    **parts: Any,
) -> VisitNote:
    """Change one's own draft, on an open visit."""
    if read_for_change(db.session.connection(), visit_id, note_id, patient_id) != actor.user_id:
        raise NotFound
    pass_into(visit_id, patient_id=patient_id)
    note = _draft(note_id)
    note.require(expected)
    _write(note, parts)
    db.session.flush()
    return note


def sign(
    *, actor: Actor, patient_id: uuid.UUID, visit_id: uuid.UUID, note_id: uuid.UUID, expected: Expected
) -> VisitNote:
    """Sign a note, once: one's own, or the draft of somebody who may not sign."""
    author_id = read_for_change(db.session.connection(), visit_id, note_id, patient_id)
    require_answering(actor=actor, permission=Perm.NOTES_SIGN, author_id=author_id)
    pass_into(visit_id, patient_id=patient_id)
    note = _draft(note_id)
    note.require(expected)
    note.status, note.signed_at, note.signed_by = NoteStatus.SIGNED, clock.now(), actor.user_id
    note.sha256 = fingerprint({name: getattr(note, name) for name in PARTS})
    db.session.flush()
    return note


def addend(*, actor: Actor, patient_id: uuid.UUID, visit_id: uuid.UUID, note_id: uuid.UUID, text: str) -> VisitNote:
    """Add to a signed note, also after its visit was closed."""
    read_for_change(db.session.connection(), visit_id, note_id, patient_id)
    note = _locked(note_id)
    if note.status != NoteStatus.SIGNED:
        raise NoteNotSigned
    db.session.add(NoteAddendum(note_id=note.id, text=text, by=actor.user_id))
    trails.current().changed.add("addenda")
    note.touch()
    db.session.flush()
    return note


def mark_as_error(
    *,
    actor: Actor,
    patient_id: uuid.UUID,
    visit_id: uuid.UUID,
    note_id: uuid.UUID,
    expected: Expected,
    reason: str,
) -> None:
    """Mark a note as entered in error, also after its visit was closed; a signed one is whose signature it bears."""
    read_for_change(db.session.connection(), visit_id, note_id, patient_id)
    note = db.session.get_one(VisitNote, note_id, with_for_update=True)
    chart.mark_as_error(
        actor=actor,
        model=VisitNote,
        patient_id=patient_id,
        entry_id=note_id,
        expected=expected,
        reason=reason,
        owner_id=note.signed_by or note.recorded_by,
    )


def _write(note: VisitNote, parts: Mapping[str, Any]) -> None:
    for name, text in parts.items():
        setattr(note, name, text)
    if not any(getattr(note, name) for name in PARTS):
        raise refused(*PARTS, why="Write at least one part.")


def _locked(note_id: uuid.UUID) -> VisitNote:
    note = db.session.get_one(VisitNote, note_id, with_for_update=True)
    if note.is_voided:
        raise EnteredInError
    return note


def _draft(note_id: uuid.UUID) -> VisitNote:
    note = _locked(note_id)
    if note.status == NoteStatus.SIGNED:
        raise NoteSigned
    return note
