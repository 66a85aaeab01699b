"""Rules of records: whose they are, that every version is kept, and which of them the patient sees."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from server.core import clock, trail as trails
from server.core.access import Actor
from server.core.columns import Expected
from server.core.db import db
from server.core.errors import Conflict, Invalid, NotFound, refused
from server.modules.doctors.models import Doctor
from server.modules.patients.service import chart
from server.modules.patients.service.authorship import require_answering
from server.modules.patients.service.chart import EnteredInError
from server.modules.records.enums import DocumentStatus, RecordStatus
from server.modules.records.models import Document, MedicalRecord, RecordVersion
from server.modules.records.policies import Perm
from server.modules.records.queries.records import Written, read_for_change
from server.modules.visits.enums import Source
from server.modules.visits.service.gate import pass_into

_CONTENT = (
    *("diagnosis_code", "diagnosis_display", "treatment_plan", "symptoms", "notes"),
    *("prescriptions", "attachments"),
)
_NAMED = ("diagnosis", *_CONTENT[2:])


class AttachmentInError(Conflict):
    """A document that is attached was entered in error; take it out first."""

    code = "attachment_in_error"


class AlreadyReleased(Conflict):
    """The patient sees the latest version of this already."""

    code = "already_released"


def write(*, actor: Actor, patient_id: uuid.UUID, visit_id: uuid.UUID | None = None, **fields: Any) -> MedicalRecord:
    """Write a clinician's record, a draft until it is released; of a doctor, or of the visit's doctor."""
    visit = pass_into(visit_id, patient_id=patient_id) if visit_id else None
    doctor_id = _own_profile(actor) or (visit.doctor_id if visit else None)
    record = MedicalRecord(
        patient_id=patient_id, visit_id=visit_id, doctor_id=doctor_id, source=Source.CLINIC, status=RecordStatus.DRAFT
    )
    return _add(record, actor, fields)


def write_own(*, actor: Actor, patient_id: uuid.UUID, **fields: Any) -> MedicalRecord:
    """Write a patient's own entry into their chart, which they and those who care see at once."""
    record = MedicalRecord(patient_id=patient_id, source=Source.PATIENT)
    _release(record, actor)
    return _add(record, actor, fields)


def _own_profile(actor: Actor) -> uuid.UUID | None:
    """Return the profile of the actor who works as a doctor: it outlasts the role, which this asks for too."""
    if not actor.can(Perm.RELEASE):
        return None
    found: uuid.UUID | None = db.session.scalar(select(Doctor.id).where(Doctor.user_id == actor.user_id))
    return found


def _add(record: MedicalRecord, actor: Actor, fields: dict[str, Any]) -> MedicalRecord:
    if fields.get("id"):
        record.id = fields.pop("id")
    record.recorded_by, record.number = actor.user_id, 1
    content = _changed(record, dict.fromkeys(_CONTENT) | {"prescriptions": [], "attachments": []}, fields)
    db.session.add(record)
    db.session.flush()
    _add_version(record, actor, content)
    return record


def change(
    *,
    actor: Actor,
    patient_id: uuid.UUID,
    record_id: uuid.UUID,
    expected: Expected,
    as_patient: bool,
    reason: str | None = None,
    **fields: Any,
) -> MedicalRecord:
    """Write the next version of one's own record, with why; what was released the patient sees until it is again.

    A patient's own entry is released as it stands. Where nothing differs there is no next version.
    """
    written = read_for_change(db.session.connection(), record_id, patient_id)
    if written.recorded_by != actor.user_id or (written.source == Source.PATIENT) != as_patient:
        raise NotFound
    record = _opened(record_id, patient_id, written)
    record.require(expected)
    before = _content_of(record)
    content = _changed(record, before, fields)
    if content != before:
        record.number += 1
        _add_version(record, actor, content, reason)
        if as_patient:
            _release(record, actor)
    db.session.flush()
    return record


def release(*, actor: Actor, patient_id: uuid.UUID, record_id: uuid.UUID, expected: Expected) -> MedicalRecord:
    """Show the latest version of a record to the patient: of one's own, or of somebody who may not release.

    It names no document that was entered in error. One that is held stays held: whose it is releases it.
    """
    written = read_for_change(db.session.connection(), record_id, patient_id)
    require_answering(actor=actor, permission=Perm.RELEASE, author_id=written.recorded_by)
    record = _opened(record_id, patient_id, written)
    record.require(expected)
    if record.released_number == record.number:
        raise AlreadyReleased
    _require_no_errors(_content_of(record)["attachments"])
    _release(record, actor)
    db.session.flush()
    return record


def take_back(*, actor: Actor, patient_id: uuid.UUID, record_id: uuid.UUID, expected: Expected, reason: str) -> None:
    """Mark a patient's own entry as entered in error, by the patient who wrote it."""
    if read_for_change(db.session.connection(), record_id, patient_id).source != Source.PATIENT:
        raise NotFound
    chart.mark_as_error(
        actor=actor,
        model=MedicalRecord,
        patient_id=patient_id,
        entry_id=record_id,
        expected=expected,
        reason=reason,
    )


def _opened(record_id: uuid.UUID, patient_id: uuid.UUID, written: Written) -> MedicalRecord:
    """Return a record, locked, which still can be written: its visit is open, and it is no error."""
    if written.visit_id is not None:
        pass_into(written.visit_id, patient_id=patient_id)
    record = db.session.get_one(MedicalRecord, record_id, with_for_update=True)
    if record.is_voided:
        raise EnteredInError
    return record


def _release(record: MedicalRecord, actor: Actor) -> None:
    # A record that is being written has no number yet: it begins with its first version.
    record.status, record.released_number = RecordStatus.RELEASED, record.number or 1
    record.released_at, record.released_by = clock.now(), actor.user_id


def _content_of(record: MedicalRecord) -> dict[str, Any]:
    table = RecordVersion.__table__
    stmt = select(*(table.c[name] for name in _CONTENT)).where(
        table.c.record_id == record.id, table.c.number == record.number
    )
    return dict(db.session.execute(stmt).one()._mapping)


def _changed(record: MedicalRecord, before: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a record says once `fields` are written over what it said."""
    content = {**before, **fields}
    if "diagnosis" in fields:
        diagnosis = content.pop("diagnosis") or {}
        content |= {"diagnosis_code": diagnosis.get("code"), "diagnosis_display": diagnosis.get("display")}
    if "attachments" in fields:
        content["attachments"] = [str(one) for one in fields["attachments"]]
        _require_documents(record, content["attachments"], known=before["attachments"])
    if not any(content.values()):
        raise refused(*_NAMED, why="Write at least one of these.")
    trails.current().changed.update(name for name in _CONTENT if content[name] != before[name])
    return content


def _require_documents(record: MedicalRecord, attachments: Sequence[str], known: Sequence[str]) -> None:
    """Raise a 422 that names each attachment that is no document of this patient, or none that the author sees.

    What was attached before may have been marked as an error since, and stays as it was written.
    """
    table = Document.__table__
    stmt = select(table.c.id).where(
        table.c.id.in_([uuid.UUID(one) for one in attachments]),
        table.c.patient_id == record.patient_id,
        table.c.status != DocumentStatus.ENTERED_IN_ERROR,
    )
    if record.source == Source.PATIENT:
        stmt = stmt.where((table.c.status == DocumentStatus.RELEASED) | (table.c.source == Source.PATIENT))
    there = {*map(str, db.session.scalars(stmt)), *known} if attachments else set()
    missing = {
        f"attachments.{place}": ["There is no such document of this patient."]
        for place, one in enumerate(attachments)
        if one not in there
    }
    if missing:
        raise Invalid(missing)


def _require_no_errors(attachments: Sequence[str]) -> None:
    """Raise a 409 that names each attachment that was entered in error; they wait who would be so meanwhile."""
    if not attachments:
        return
    table = Document.__table__
    stmt = select(table.c.id, table.c.status).where(table.c.id.in_([uuid.UUID(one) for one in attachments]))
    rows = db.session.execute(stmt.order_by(table.c.id).with_for_update(read=True))
    wrong = {str(row.id) for row in rows if row.status == DocumentStatus.ENTERED_IN_ERROR}
    if wrong:
        why = ["This document was entered in error."]
        raise AttachmentInError(
            errors={f"attachments.{place}": why for place, one in enumerate(attachments) if one in wrong}
        )


def _add_version(record: MedicalRecord, actor: Actor, content: Mapping[str, Any], reason: str | None = None) -> None:
    version = RecordVersion(record_id=record.id, number=record.number, by=actor.user_id, reason=reason, **content)
    db.session.add(version)
    db.session.flush()
