"""Write out everything that is held on a patient: the rows of every table that names one, the account, who looked.

Rows are read page by page and written as they come, so memory stays flat however long the chart is.
"""

from __future__ import annotations

import uuid
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from sqlalchemy import Connection, Row, Table, and_, exists, false, or_, select, tuple_
from sqlalchemy.sql import ColumnElement, Select

from server.core import clock
from server.core.db import Base
from server.core.dump import to_json
from server.modules.audit.models import AuditLog
from server.modules.auth.models import Session
from server.modules.chart.queries.schema import columns_naming_a_patient
from server.modules.patients.enums import ENTERED_IN_ERROR
from server.modules.patients.models import Patient
from server.modules.patients.shown import files
from server.modules.prescriptions.enums import PrescriptionStatus
from server.modules.prescriptions.models import Prescription
from server.modules.records.enums import RecordStatus
from server.modules.records.models import MedicalRecord
from server.modules.records.queries.attachments import shown_of
from server.modules.users.models import User, UserRole
from server.modules.visits.enums import NoteStatus, Source, VisitStatus
from server.modules.visits.models import Visit
from server.modules.visits.queries.words import reads_words
from server.modules.visits.schemas.words import without
from server.modules.vitals.models import VitalSet

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Shown:
    """What is handed out of a table: every column but some, and every row about the patient but some."""

    without: frozenset[str] = frozenset()
    only: Callable[[Table], ColumnElement[bool]] | None = None
    # What staff wrote, and the patient reads once the visit of the row is completed (ADR 25).
    words: tuple[str, ...] = ()
    # Has rows name nothing that is held back itself, where no foreign key says what they name.
    refined: Callable[[Connection, Rows], Rows] | None = None


def _is_closed(table: Table) -> ColumnElement[bool]:
    return table.c.status.in_((VisitStatus.COMPLETED, VisitStatus.CANCELLED))


def _of_closed_visit(table: Table) -> ColumnElement[bool]:
    visits = Visit.__table__
    return table.c.removed_at.is_(None) & table.c.visit_id.in_(select(visits.c.id).where(_is_closed(visits)))


def _is_theirs_to_see(table: Table) -> ColumnElement[bool]:
    return or_(table.c.status == RecordStatus.RELEASED, table.c.source == Source.PATIENT)


def _stands(table: Table) -> ColumnElement[bool]:
    """Why an entry was an error may be about somebody else, and so may be all that it says."""
    return table.c.status != ENTERED_IN_ERROR


def _is_prescribed(table: Table) -> ColumnElement[bool]:
    return table.c.status.not_in((PrescriptionStatus.DRAFT, ENTERED_IN_ERROR))


def _of_prescribed(table: Table) -> ColumnElement[bool]:
    prescriptions = Prescription.__table__
    return table.c.prescription_id.in_(select(prescriptions.c.id).where(_is_prescribed(prescriptions)))


def _stands_in_its_set(table: Table) -> ColumnElement[bool]:
    sets = VitalSet.__table__
    return _stands(table) & table.c.set_id.in_(select(sets.c.id).where(_stands(sets)))


def _is_released_version(table: Table) -> ColumnElement[bool]:
    records = MedicalRecord.__table__
    return exists().where(records.c.id == table.c.record_id, records.c.released_number == table.c.number)


def _without_hidden_documents(connection: Connection, rows: Rows) -> Rows:
    shown = shown_of(connection, {one for row in rows for one in row["attachments"]})
    return [{**row, "attachments": [one for one in row["attachments"] if one in shown]} for row in rows]


# Tables with rows of a patient that are handed out. The rows are found by the schema, but nothing leaves the house
# unless somebody has thought about it: a draft, or what one patient may not know of another, is held back here. Rows
# that name no patient themselves are held back with those that they belong to.
SHOWN: Mapping[str, Shown] = {
    # What other systems call a patient, and whether somebody may be doubled, are for the desk alone.
    "patients": Shown(without=frozenset({"identifiers", "possible_duplicate"})),
    "allergies": Shown(only=_stands),
    "allergy_statements": Shown(),
    "appointment_events": Shown(),
    "appointment_reminders": Shown(),
    "appointments": Shown(),
    "broken_glass": Shown(),
    "care_relations": Shown(),
    "charges": Shown(),
    "conditions": Shown(only=_stands),
    "dispense_lots": Shown(),
    # Which lots were passed over, and why something was handed out all the same, are between the staff.
    "dispenses": Shown(without=frozenset({"skipped", "override_reason"})),
    # Which of the staff took a review down, and in what words, is between them.
    "doctor_reviews": Shown(without=frozenset({"hidden_by", "hidden_reason"})),
    "documents": Shown(only=_is_theirs_to_see),
    "immunization_versions": Shown(words=("said.notes", "said.not_done_reason", "superseded_reason")),
    "immunizations": Shown(only=_stands, words=("notes", "not_done_reason")),
    "medical_histories": Shown(),
    "medical_record_versions": Shown(only=_is_released_version, refined=_without_hidden_documents),
    "medical_records": Shown(only=_is_theirs_to_see),
    "note_addenda": Shown(),
    "patient_contacts": Shown(),
    # A merge that was taken back says only that somebody was taken for another, and for whom.
    "patient_merges": Shown(only=lambda table: table.c.undone_at.is_(None)),
    # A draft is the prescriber's; what the checks have found of one that was prescribed is the patient's too.
    "prescription_items": Shown(only=_of_prescribed),
    "prescriptions": Shown(only=_is_prescribed),
    "procedure_addenda": Shown(words=("text",)),
    "procedures": Shown(only=_stands, words=("indication", "outcome", "notes", "complications", "cancel_reason")),
    "proxies": Shown(),
    "sale_lines": Shown(),
    "sale_payments": Shown(),
    "sale_refund_lines": Shown(),
    "sale_refunds": Shown(),
    "sales": Shown(),
    "safety_findings": Shown(only=_of_prescribed, without=frozenset({"override_reason"})),
    "treatment_items": Shown(),
    "treatments": Shown(only=_stands, words=("notes", "cancel_reason")),
    # What is being written is a draft; it is the patient's once the visit is closed or the note signed.
    "visit_diagnoses": Shown(only=_of_closed_visit),
    "visit_events": Shown(words=("reason",)),
    "visit_notes": Shown(only=lambda table: table.c.status == NoteStatus.SIGNED),
    "visits": Shown(only=_is_closed),
    "vital_measurements": Shown(only=_stands_in_its_set, words=("superseded_reason",)),
    "vital_sets": Shown(only=_stands, words=("notes",)),
    "waitlist_entries": Shown(),
}
# Tables with rows of a patient that are not handed out, and why.
LEFT_OUT: Mapping[str, str] = {
    "merged_rows": "says how a merge is taken back; the rows themselves are in the export",
    "taken_intervals": "the time of an appointment, which is in the export, or of a hold that lapses within minutes",
}
_PAGE = 500
# Made of other columns so that rows are found, or nobody's to see.
_MADE = ("search_text", "card_text", "alias_text")
_SECRET = ("hash", "secret", "token")
_ACCOUNT = (
    *("id", "email", "username", "first_name", "last_name", "phone", "language", "status", "email_verified_at"),
    *("mfa_enabled", "last_login_at", "created_at", "updated_at"),
)
_SESSION = ("id", "created_at", "last_used_at", "expires_at", "ended_at", "end_reason", "user_agent", "address")
_ACCESS = (
    *("id", "at", "actor_id", "actor_roles", "action", "object_type", "object_id", "changed", "note"),
    *("break_glass_id", "on_behalf_of"),
)

Part = tuple[str, Iterator[Mapping[str, Any]]]


def held_tables(patient_id: uuid.UUID) -> dict[Table, ColumnElement[bool]]:
    """Return each table of which something is shown, and which rows: by a foreign key to patients or to such a row."""
    patients = Patient.__table__
    found: dict[Table, ColumnElement[bool]] = {patients: patients.c.id == patient_id}
    for table, column in columns_naming_a_patient():
        if table.name in SHOWN:
            is_named = column == patient_id
            found[table] = or_(found[table], is_named) if table in found else is_named
    found = {table: _but_held_back(table, which) for table, which in found.items()}
    for table in Base.metadata.sorted_tables:
        if table not in found and table.name in SHOWN:
            belongs = [
                column.in_(select(key.column).where(found[key.column.table]))
                for column in table.c
                for key in column.foreign_keys
                if key.column.table in found and key.column.table is not patients
            ]
            if belongs:
                found[table] = _but_held_back(table, or_(*belongs))
    return found


def _but_held_back(table: Table, which: ColumnElement[bool]) -> ColumnElement[bool]:
    only = SHOWN[table.name].only
    return which if only is None else and_(which, only(table))


def shown_columns(table: Table) -> list[ColumnElement[Any]]:
    """Return the columns of a table that say something and are not held back: no search keys, no secrets."""
    held_back = SHOWN[table.name].without.union(_MADE)
    return [
        column
        for column in table.c
        if column.name not in held_back
        and not column.name.endswith("_key")
        and not any(word in column.name for word in _SECRET)
    ]


def _reads_words(table: Table) -> list[ColumnElement[bool]]:
    """Return the column that says, row by row, whether its words are handed out: none where a table has no such."""
    if not SHOWN[table.name].words:
        return []
    if "visit_id" in table.c:
        return [reads_words(table.c.visit_id, false())]
    (column, entries), *_ = (
        (column, key.column.table)
        for column in table.c
        for key in column.foreign_keys
        if "visit_id" in key.column.table.c
    )
    read = select(entries.c.id).where(reads_words(entries.c.visit_id, false()))
    return [column.in_(read).label("reads_words")]


def _told(row: Row[Any], words: tuple[str, ...]) -> Mapping[str, Any]:
    """Return what is handed out of a row."""
    said = {name: value for name, value in row._mapping.items() if not name.startswith("_key")}
    return said if said.pop("reads_words", True) else without(said, words)


def _pages(connection: Connection, stmt: Select[Any], table: Table) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of a statement in the order of the table's key, a page at a time."""
    keys = [table.c.id] if "id" in table.c else list(table.primary_key)
    stmt = stmt.add_columns(*(key.label(f"_key{i}") for i, key in enumerate(keys))).order_by(*keys).limit(_PAGE)
    shown = SHOWN.get(table.name, Shown())
    rows: Sequence[Any] = connection.execute(stmt).all()
    while rows:
        told = [_told(row, shown.words) for row in rows]
        yield from shown.refined(connection, told) if shown.refined else told
        last = tuple_(*(rows[-1]._mapping[f"_key{i}"] for i in range(len(keys))))
        rows = connection.execute(stmt.where(tuple_(*keys) > last)).all() if len(rows) == _PAGE else []


def parts_of(connection: Connection, patient_id: uuid.UUID) -> Iterator[Part]:
    """Yield every part of the document: its name and its rows."""
    for table, which in held_tables(patient_id).items():
        yield table.name, _pages(connection, select(*shown_columns(table), *_reads_words(table)).where(which), table)
    owner = select(Patient.user_id).where(Patient.id == patient_id).scalar_subquery()
    users, roles, sessions, log = (one.__table__ for one in (User, UserRole, Session, AuditLog))
    for name, table, columns, which in (
        ("account", users, _ACCOUNT, users.c.id == owner),
        ("account_roles", roles, ("role",), roles.c.user_id == owner),
        ("account_sessions", sessions, _SESSION, sessions.c.user_id == owner),
        ("access_log", log, _ACCESS, log.c.patient_id.in_(_all_ids(patient_id)) & (log.c.outcome == "success")),
    ):
        yield name, _pages(connection, select(*(table.c[one] for one in columns)).where(which), table)


def _all_ids(patient_id: uuid.UUID) -> Select[Any]:
    """Select the patient's id and those of the duplicates that were merged into it."""
    return select(Patient.id).where(or_(Patient.id == patient_id, Patient.merged_into_id == patient_id))


def write_json(connection: Connection, patient_id: uuid.UUID, out: IO[bytes]) -> None:
    """Write the document."""
    out.write(b'{"patient_id":' + to_json(patient_id) + b',"exported_at":' + to_json(clock.now()))
    for name, rows in parts_of(connection, patient_id):
        out.write(b"," + to_json(name) + b":[")
        for number, row in enumerate(rows):
            out.write((b"," if number else b"") + to_json(dict(row)))
        out.write(b"]")
    out.write(b"}")


def write_zip(connection: Connection, patient_id: uuid.UUID, out: IO[bytes]) -> None:
    """Write an archive of the document and of every file that a room holds on the patient."""
    ids = list(connection.scalars(_all_ids(patient_id)))
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("chart.json", "w", force_zip64=True) as document:
            write_json(connection, patient_id, document)
        for folder, source in files().items():
            for name, content in source(connection, ids):
                archive.writestr(f"{folder}/{name}", content)
