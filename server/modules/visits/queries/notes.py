"""Read the notes of visits; a patient is shown those that are signed."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, exists, select
from sqlalchemy.sql import ColumnElement

from server.core.clock import begin_of, end_of
from server.core.dump import columns_of, row_dumper
from server.core.errors import NotFound
from server.core.listing import ListSpec, Page, fetch_page
from server.modules.doctors.models import Doctor
from server.modules.patients.models import Patient
from server.modules.users.hands import hands_of
from server.modules.users.models import User
from server.modules.visits.enums import NoteStatus
from server.modules.visits.models import NoteAddendum, VisitNote
from server.modules.visits.schemas.notes import AddendumOut, NoteOut

COLUMNS = tuple(columns_of(NoteOut))

_table = VisitNote.__table__
_hands = hands_of(VisitNote, signer=VisitNote.signed_by)
_JOINED: Mapping[str, Any] = {
    "patient_first_name": Patient.first_name.label("patient_first_name"),
    "patient_last_name": Patient.last_name.label("patient_last_name"),
    "patient_mrn": Patient.mrn.label("patient_mrn"),
    **_hands.columns,
}

LIST = ListSpec(sorts={"created_at": VisitNote.id}, tie=VisitNote.id, default="created_at")

_dump_note = row_dumper(NoteOut, COLUMNS)


def _of_doctor(doctor_id: uuid.UUID) -> ColumnElement[bool]:
    hands = (VisitNote.recorded_by, VisitNote.signed_by)
    return exists().where(Doctor.id == doctor_id, Doctor.user_id.in_(hands))


_FILTERS: Mapping[str, Callable[[Any], ColumnElement[bool]]] = {
    "patient_id": lambda patient_id: VisitNote.patient_id == patient_id,
    "visit_id": lambda visit_id: VisitNote.visit_id == visit_id,
    "doctor_id": _of_doctor,
    "status": lambda status: VisitNote.status == status,
    "from": lambda bound: VisitNote.created_at >= begin_of(bound),
    "to": lambda bound: VisitNote.created_at < end_of(bound),
}


def _of_visit(visit_id: uuid.UUID, *, as_patient: bool) -> Select[Any]:
    stmt = _hands.join(
        select(*(_JOINED[name] if name in _JOINED else _table.c[name] for name in COLUMNS))
        .select_from(VisitNote)
        .join(Patient, Patient.id == VisitNote.patient_id)
        .where(VisitNote.visit_id == visit_id)
    )
    # One that was entered in error may be somebody else's: the patient is not shown it, signed or not.
    return stmt.where(VisitNote.status == NoteStatus.SIGNED) if as_patient else stmt


def page_of_notes(connection: Connection, visit_id: uuid.UUID, query: Mapping[str, Any], *, as_patient: bool) -> Page:
    """Return one page of a visit's notes, those entered in error left out unless they are asked for."""
    stmt = _of_visit(visit_id, as_patient=as_patient)
    stmt = stmt.where(*(condition(query[name]) for name, condition in _FILTERS.items() if name in query))
    if "status" not in query:
        stmt = stmt.where(VisitNote.status != NoteStatus.ENTERED_IN_ERROR)
    return fetch_page(connection, stmt, LIST, query)


def note_row(connection: Connection, visit_id: uuid.UUID, note_id: uuid.UUID, *, as_patient: bool) -> Sequence[Any]:
    """Return `COLUMNS` of one note of a visit, or raise `NotFound`; staff see those entered in error too."""
    stmt = _of_visit(visit_id, as_patient=as_patient).where(VisitNote.id == note_id)
    found = connection.execute(stmt).first()
    if found is None:
        raise NotFound
    return found


def dumped(connection: Connection, rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    """Return notes as they are answered; what was added to them is one more statement, however many they are."""
    notes = [_dump_note(row) for row in rows]
    added = _addenda(connection, [note["id"] for note in notes])
    return [{**note, "addenda": added[note["id"]]} for note in notes]


_ADDED = tuple(columns_of(AddendumOut))
_dump_addendum = row_dumper(AddendumOut, _ADDED)
_NAMES = {"first_name": User.first_name, "last_name": User.last_name}


def _addenda(connection: Connection, note_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, list[dict[str, Any]]]:
    found: dict[uuid.UUID, list[dict[str, Any]]] = defaultdict(list)
    if note_ids:
        table = NoteAddendum.__table__
        stmt = (
            select(*(_NAMES[name] if name in _NAMES else table.c[name] for name in _ADDED), table.c.note_id)
            .join(User, User.id == table.c.by)
            .where(table.c.note_id.in_(note_ids))
            .order_by(table.c.id)
        )
        for row in connection.execute(stmt):
            found[row.note_id].append(_dump_addendum(row))
    return found


def read_for_change(
    connection: Connection, visit_id: uuid.UUID, note_id: uuid.UUID, patient_id: uuid.UUID
) -> uuid.UUID | None:
    """Return who wrote a note of this visit and patient (null: nobody here), or raise `NotFound`."""
    stmt = select(VisitNote.recorded_by).where(
        VisitNote.id == note_id, VisitNote.visit_id == visit_id, VisitNote.patient_id == patient_id
    )
    found = connection.execute(stmt).first()
    if found is None:
        raise NotFound
    author_id: uuid.UUID | None = found.recorded_by
    return author_id
