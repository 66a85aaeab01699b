"""Find procedures, each with what was added to it and the charge that stands for it: two statements for a page."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, func, literal_column, or_, select
from sqlalchemy.orm import join, outerjoin
from sqlalchemy.sql import ColumnElement

from server.core.access import Actor
from server.core.clock import begin_of, end_of
from server.core.dump import columns_of, row_dumper
from server.core.errors import NotFound
from server.core.listing import ListSpec, Page, fetch_page
from server.modules.billing.enums import ChargeStatus
from server.modules.billing.models import Charge
from server.modules.doctors.models import Doctor
from server.modules.patients.models import Patient
from server.modules.patients.policies import is_only_ward
from server.modules.patients.queries.reach import Reach
from server.modules.procedures.enums import ProcedureStatus
from server.modules.procedures.models import Procedure, ProcedureAddendum
from server.modules.procedures.policies import Perm
from server.modules.procedures.schemas import WORDS, ProcedureAddendumOut, ProcedureOut
from server.modules.users.hands import hands_of
from server.modules.users.models import User
from server.modules.visits.queries.words import reads_words, seen_by_staff
from server.modules.visits.schemas.words import teller

# As what a procedure is known to billing.
SOURCE = "procedure"
MOST_OPEN = 50
COLUMNS = tuple(columns_of(ProcedureOut))
_ID, _READS_WORDS = COLUMNS.index("id"), len(COLUMNS)

_ADDENDUM = tuple(columns_of(ProcedureAddendumOut))
_table, _addenda = Procedure.__table__, ProcedureAddendum.__table__
_hands = hands_of(Procedure, performer=Procedure.performed_by)
_JOINED: Mapping[str, Any] = {
    "patient_first_name": Patient.first_name.label("patient_first_name"),
    "patient_last_name": Patient.last_name.label("patient_last_name"),
    "patient_mrn": Patient.mrn.label("patient_mrn"),
    "doctor_first_name": Doctor.first_name.label("doctor_first_name"),
    "doctor_last_name": Doctor.last_name.label("doctor_last_name"),
    "charge_id": Charge.id.label("charge_id"),
    **_hands.columns,
}
_at = func.coalesce(Procedure.performed_at, Procedure.created_at)
_is_error = Procedure.status == ProcedureStatus.ENTERED_IN_ERROR

LIST = ListSpec(
    sorts={"created_at": Procedure.created_at, "performed_at": _at}, tie=Procedure.id, default="-created_at"
)

_tell = teller(ProcedureOut, COLUMNS, WORDS)
_dump_addendum = row_dumper(ProcedureAddendumOut, _ADDENDUM)

_FILTERS: Mapping[str, Callable[[Any], ColumnElement[bool]]] = {
    "doctor_id": lambda doctor_id: Procedure.doctor_id == doctor_id,
    "visit_id": lambda visit_id: Procedure.visit_id == visit_id,
    "status": lambda status: Procedure.status == status,
    "from": lambda bound: _at >= begin_of(bound),
    "to": lambda bound: _at < end_of(bound),
}


def _joined(by_staff: ColumnElement[bool]) -> Select[Any]:
    # Written out, so that SQLite sees that the index on charges that stand will do.
    is_not_void = Charge.status != literal_column(f"'{ChargeStatus.VOID}'")
    stands = and_(Charge.source_type == SOURCE, Charge.source_id == Procedure.id, is_not_void)
    joined = join(Procedure, Patient, Patient.id == Procedure.patient_id)
    joined = outerjoin(joined, Doctor, Doctor.id == Procedure.doctor_id)
    columns = (_JOINED[name] if name in _JOINED else _table.c[name] for name in COLUMNS)
    stmt = select(*columns, reads_words(Procedure.visit_id, by_staff))
    return _hands.join(stmt.select_from(outerjoin(joined, Charge, stands)))


def page_of_procedures(connection: Connection, actor: Actor, reach: Reach, query: Mapping[str, Any]) -> Page:
    """Return one page of the procedures that are within reach, each with whether it is of a ward.

    What was entered in error is left out unless it is asked for, and then shown to those alone who care for the
    patient: its reason may be about somebody else.
    """
    stmt = _joined(reach.is_seen_by_staff).where(reach.is_shown)
    stmt = stmt.where(*(condition(query[name]) for name, condition in _FILTERS.items() if name in query))
    stmt = stmt.where(or_(~_is_error, reach.is_seen_by_staff) if "status" in query else ~_is_error)
    return fetch_page(connection, stmt.add_columns(is_only_ward(actor, Perm.READ).label("is_ward")), LIST, query)


def one_procedure(connection: Connection, procedure_id: uuid.UUID, *, as_patient: bool) -> dict[str, Any]:
    """Return one procedure, one entered in error included unless a patient asks, or raise `NotFound`."""
    stmt = _joined(seen_by_staff(as_patient=as_patient)).where(Procedure.id == procedure_id)
    if as_patient:
        stmt = stmt.where(~_is_error)
    found = with_addenda(connection, connection.execute(stmt).all())
    if not found:
        raise NotFound
    return found[0]


def open_of(connection: Connection, patient_id: uuid.UUID, *, as_patient: bool) -> list[dict[str, Any]]:
    """Return what was ordered for a patient and is not performed yet, the latest first, at most fifty."""
    stmt = (
        _joined(seen_by_staff(as_patient=as_patient))
        .where(Procedure.patient_id == patient_id, Procedure.status == ProcedureStatus.ORDERED)
        .order_by(Procedure.created_at.desc(), Procedure.id.desc())
        .limit(MOST_OPEN)
    )
    return [_tell(row) for row in connection.execute(stmt)]


def with_addenda(connection: Connection, rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """Return procedures as they are answered, each with what was added to it."""
    shown = [_tell(row) for row in rows]
    people = {"first_name": User.first_name, "last_name": User.last_name}
    stmt = (
        select(_addenda.c.procedure_id, *(people[name] if name in people else _addenda.c[name] for name in _ADDENDUM))
        .join(User, User.id == _addenda.c.by)
        .where(_addenda.c.procedure_id.in_([row[_ID] for row in rows if row[_READS_WORDS]]))
        .order_by(_addenda.c.id)
    )
    found: dict[uuid.UUID, list[dict[str, Any]]] = defaultdict(list)
    for procedure_id, *addendum in connection.execute(stmt) if shown else ():
        found[procedure_id].append(_dump_addendum(addendum))
    return [
        {**one, "addenda": found[one["id"]]} if row[_READS_WORDS] else one for one, row in zip(shown, rows, strict=True)
    ]
