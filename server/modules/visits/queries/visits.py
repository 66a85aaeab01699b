"""Read visits: lists, one by id, what was recorded at one, and what became of it."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, or_, select
from sqlalchemy.sql import ColumnElement

from server.core.access import Actor
from server.core.clock import begin_of, end_of
from server.core.dump import columns_of, row_dumper
from server.core.errors import NotFound
from server.core.listing import ListSpec, Page, fetch_page
from server.modules.doctors.models import Doctor
from server.modules.patients.enums import ENTERED_IN_ERROR
from server.modules.patients.models import Patient
from server.modules.patients.policies import Perm as ChartPerm, is_only_ward
from server.modules.patients.queries.people import Found, in_scope
from server.modules.patients.queries.reach import Reach
from server.modules.users.hands import hands_of
from server.modules.users.models import User
from server.modules.visits.enums import NoteStatus, VisitStatus
from server.modules.visits.models import Visit, VisitDiagnosis, VisitEvent, VisitNote
from server.modules.visits.policies import Perm
from server.modules.visits.schemas.visit import StepOut, VisitCard, VisitOut

_table, _hands = Visit.__table__, hands_of(Visit)
_JOINED: Mapping[str, Any] = {
    "patient_first_name": Patient.first_name.label("patient_first_name"),
    "patient_last_name": Patient.last_name.label("patient_last_name"),
    "patient_mrn": Patient.mrn.label("patient_mrn"),
    "doctor_first_name": Doctor.first_name.label("doctor_first_name"),
    "doctor_last_name": Doctor.last_name.label("doctor_last_name"),
    **_hands.columns,
}
COLUMNS = tuple(columns_of(VisitOut))
STEPS = tuple(columns_of(StepOut))
PATIENT = COLUMNS.index("patient_id")
_ID = COLUMNS.index("id")

LIST = ListSpec(sorts={"started_at": Visit.started_at}, tie=Visit.id, default="-started_at")
_STEP_LIST = ListSpec(sorts={"at": VisitEvent.id}, tie=VisitEvent.id, default="at")

_FILTERS: Mapping[str, Callable[[Any], ColumnElement[bool]]] = {
    "doctor_id": lambda doctor_id: Visit.doctor_id == doctor_id,
    "visit_id": lambda visit_id: Visit.id == visit_id,
    "appointment_id": lambda appointment_id: Visit.appointment_id == appointment_id,
    "visit_type": lambda kind: Visit.visit_type == kind,
    "from": lambda bound: Visit.started_at >= begin_of(bound),
    "to": lambda bound: Visit.started_at < end_of(bound),
}

_show_all = row_dumper(VisitOut, COLUMNS)
_show_card = row_dumper(VisitCard, COLUMNS)

Shown = dict[str, Any]


def _select(*columns: Any) -> Select[Any]:
    return _hands.join(
        select(*(_JOINED[name] if name in _JOINED else _table.c[name] for name in COLUMNS), *columns)
        .select_from(Visit)
        .outerjoin(Doctor, Doctor.id == Visit.doctor_id)
    )


def page_of_visits(connection: Connection, actor: Actor, seen: Reach, charts: Reach, query: Mapping[str, Any]) -> Page:
    """Return one page of the visits that `seen` reaches; the last columns say which are a ward's, and shown in full.

    In full are those whose chart is open to the caller: to staff all, to the patient what is completed. What was
    entered in error is left out unless it is asked for, and then shown to staff alone: it may be somebody else's.
    """
    is_finished = Visit.status == VisitStatus.COMPLETED
    in_full = and_(charts.is_shown, or_(charts.is_seen_by_staff, is_finished))
    conditions = [condition(query[name]) for name, condition in _FILTERS.items() if name in query]
    is_error = Visit.status == ENTERED_IN_ERROR
    if "status" in query:
        conditions += [Visit.status == query["status"], or_(~is_error, seen.is_seen_by_staff)]
    else:
        conditions.append(~is_error)
    is_ward = is_only_ward(actor, Perm.READ).label("is_ward")
    stmt = seen.narrow(_select(is_ward, in_full.label("in_full")), Visit)
    return fetch_page(connection, stmt.where(*conditions), LIST, query)


def each(connection: Connection, rows: Sequence[Sequence[Any]]) -> list[Shown]:
    """Return rows of a page as they are shown, with the diagnoses of all in one statement."""
    found = diagnoses_of(connection, [row[_ID] for row in rows if row[-1]])
    return [{**_show_all(row), "diagnoses": found[row[_ID]]} if row[-1] else _show_card(row) for row in rows]


def one(connection: Connection, actor: Actor, found: Found, visit_id: uuid.UUID) -> Shown:
    """Return one visit of a patient whom the caller has reached, in full where the chart is open to them.

    Raise `NotFound` where a patient asks for one that was entered in error.
    """
    stmt = _select().join(Patient, Patient.id == Visit.patient_id).where(Visit.id == visit_id)
    if found.as_patient:
        stmt = stmt.where(Visit.status != ENTERED_IN_ERROR)
    row = connection.execute(stmt).first()
    if row is None:
        raise NotFound
    if not is_open_to(connection, actor, found, row.status):
        return _show_card(row)
    return {**_show_all(row), "diagnoses": diagnoses_of(connection, [visit_id])[visit_id]}


def is_open_to(connection: Connection, actor: Actor, found: Found, status: str) -> bool:
    """Whether the caller sees all of a visit that stands so."""
    chart = in_scope(connection, actor, ChartPerm.CHART_READ, found.id)
    if chart is None or not chart.way.shows_all:
        return False
    return status == VisitStatus.COMPLETED or not chart.as_patient


def status_of(connection: Connection, visit_id: uuid.UUID, *, as_patient: bool) -> str:
    """Return how a visit stands, or raise `NotFound`, as where a patient asks for one that was entered in error."""
    status: str | None = connection.scalar(select(Visit.status).where(Visit.id == visit_id))
    if status is None or (as_patient and status == ENTERED_IN_ERROR):
        raise NotFound
    return status


def diagnoses_of(connection: Connection, visit_ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, list[Shown]]:
    """Return the diagnoses that stand at some visits, in their order."""
    by_visit: dict[uuid.UUID, list[Shown]] = defaultdict(list)
    table = VisitDiagnosis.__table__
    stmt = (
        select(table.c.visit_id, table.c.code, table.c.display, table.c.is_primary)
        .where(table.c.visit_id.in_(visit_ids), table.c.removed_at.is_(None))
        .order_by(table.c.visit_id, table.c.position, table.c.id)
    )
    if visit_ids:
        for visit_id, code, display, is_primary in connection.execute(stmt):
            by_visit[visit_id].append({"code": code, "display": display, "is_primary": is_primary})
    return by_visit


def latest_visits(connection: Connection, patient_id: uuid.UUID, *, as_patient: bool, most: int = 5) -> list[Shown]:
    """Return a patient's latest visits, those that were called off left out; patients see what is completed."""
    standing = (VisitStatus.COMPLETED,) if as_patient else (VisitStatus.OPEN, VisitStatus.COMPLETED)
    stmt = (
        _select()
        .join(Patient, Patient.id == Visit.patient_id)
        .where(Visit.patient_id == patient_id, Visit.status.in_(standing))
        .order_by(Visit.started_at.desc(), Visit.id.desc())
        .limit(most)
    )
    rows: Sequence[Row[Any]] = connection.execute(stmt).all()
    return each(connection, [(*row, True) for row in rows])


def page_of_steps(connection: Connection, visit_id: uuid.UUID, query: Mapping[str, Any]) -> Page:
    """Return one page of what became of a visit, oldest first."""
    steps, names = VisitEvent.__table__, {"first_name": User.first_name, "last_name": User.last_name}
    stmt: Select[Any] = (
        select(*(names[name] if name in names else steps.c[name] for name in STEPS))
        .select_from(VisitEvent)
        .outerjoin(User, User.id == VisitEvent.actor_id)
        .where(VisitEvent.visit_id == visit_id)
    )
    return fetch_page(connection, stmt, _STEP_LIST, query)


def drafts_at(connection: Connection, visit_id: uuid.UUID) -> int:
    """Count the notes of a visit that nobody has signed."""
    stmt = select(func.count()).select_from(VisitNote)
    return connection.scalar(stmt.where(VisitNote.visit_id == visit_id, VisitNote.status == NoteStatus.DRAFT)) or 0
