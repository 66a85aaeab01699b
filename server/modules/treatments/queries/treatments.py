"""Find treatments, each with what it uses and the charge that stands for it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Select, and_, literal_column, or_, select
from sqlalchemy.orm import join, outerjoin
from sqlalchemy.sql import ColumnElement

from server.core.access import Actor
from server.core.clock import begin_of, end_of
from server.core.dump import columns_of
from server.core.errors import NotFound
from server.core.listing import ListSpec, Page, fetch_page
from server.modules.billing.enums import ChargeStatus
from server.modules.billing.models import Charge
from server.modules.doctors.models import Doctor
from server.modules.inventory.models import Item
from server.modules.patients.models import Patient
from server.modules.patients.policies import is_only_ward
from server.modules.patients.queries.reach import Reach
from server.modules.treatments.enums import TreatmentStatus
from server.modules.treatments.models import Treatment, TreatmentItem
from server.modules.treatments.policies import Perm
from server.modules.treatments.schemas import WORDS, TreatmentOut
from server.modules.users.hands import hands_of
from server.modules.visits.queries.words import reads_words, seen_by_staff
from server.modules.visits.schemas.words import teller

# As what a treatment is known to billing and to the ledger of stock.
SOURCE = "treatment"
MOST_OPEN = 50

_table = Treatment.__table__
_hands = hands_of(Treatment, performer=Treatment.completed_by)
_ITEMS = "items_used"
_JOINED: Mapping[str, Any] = {
    "patient_first_name": Patient.first_name.label("patient_first_name"),
    "patient_last_name": Patient.last_name.label("patient_last_name"),
    "patient_mrn": Patient.mrn.label("patient_mrn"),
    "doctor_first_name": Doctor.first_name.label("doctor_first_name"),
    "doctor_last_name": Doctor.last_name.label("doctor_last_name"),
    "charge_id": Charge.id.label("charge_id"),
    **_hands.columns,
}
_OWN = tuple(name for name in columns_of(TreatmentOut) if name != _ITEMS)
# The columns of a row as it is answered: what it uses comes last, from a statement of its own.
COLUMNS = (*_OWN, _ITEMS)
_ID = _OWN.index("id")

# Turns a row into an answer, with the words that the caller reads.
told = teller(TreatmentOut, COLUMNS, WORDS)

LIST = ListSpec(sorts={"created_at": Treatment.created_at}, tie=Treatment.id, default="-created_at")

_FILTERS: Mapping[str, Callable[[Any], ColumnElement[bool]]] = {
    "doctor_id": lambda doctor_id: Treatment.doctor_id == doctor_id,
    "visit_id": lambda visit_id: Treatment.visit_id == visit_id,
    "service_id": lambda service_id: Treatment.service_id == service_id,
    "status": lambda status: Treatment.status == status,
    "from": lambda bound: Treatment.created_at >= begin_of(bound),
    "to": lambda bound: Treatment.created_at < end_of(bound),
}


def _rows(by_staff: ColumnElement[bool]) -> Select[Any]:
    # Written out, so that SQLite sees that the index on charges that stand will do.
    is_not_void = Charge.status != literal_column(f"'{ChargeStatus.VOID}'")
    stands = and_(Charge.source_type == SOURCE, Charge.source_id == Treatment.id, is_not_void)
    joined = join(Treatment, Patient, Patient.id == Treatment.patient_id)
    joined = outerjoin(joined, Doctor, Doctor.id == Treatment.doctor_id)
    columns = (_JOINED[name] if name in _JOINED else _table.c[name] for name in _OWN)
    stmt = select(*columns, reads_words(Treatment.visit_id, by_staff))
    return _hands.join(stmt.select_from(outerjoin(joined, Charge, stands)))


def page_of_treatments(connection: Connection, actor: Actor, reach: Reach, query: Mapping[str, Any]) -> Page:
    """Return one page of the treatments that are within reach, each with whether it is of a ward.

    What was entered in error is left out unless it is asked for, and then shown to those alone who care for the
    patient: its reason may be about somebody else.
    """
    is_error = Treatment.status == TreatmentStatus.ENTERED_IN_ERROR
    stmt = _rows(reach.is_seen_by_staff).where(
        reach.is_shown, *(_FILTERS[name](query[name]) for name in _FILTERS if name in query)
    )
    stmt = stmt.where(or_(~is_error, reach.is_seen_by_staff) if "status" in query else ~is_error)
    stmt = stmt.add_columns(is_only_ward(actor, Perm.READ).label("is_ward"))
    page = fetch_page(connection, stmt, LIST, query)
    return replace(page, columns=COLUMNS, rows=_with_items(connection, page.rows))


def treatment_row(connection: Connection, treatment_id: uuid.UUID, *, as_patient: bool = False) -> Sequence[Any]:
    """Return one treatment, one entered in error included unless a patient asks, or raise `NotFound`."""
    stmt = _rows(seen_by_staff(as_patient=as_patient)).where(Treatment.id == treatment_id)
    if as_patient:
        stmt = stmt.where(Treatment.status != TreatmentStatus.ENTERED_IN_ERROR)
    found = _with_items(connection, connection.execute(stmt).all())
    if not found:
        raise NotFound
    return found[0]


def open_of(connection: Connection, patient_id: uuid.UUID, *, as_patient: bool) -> list[dict[str, Any]]:
    """Return what is planned or going on for a patient, the latest first, at most fifty."""
    is_open = or_(*(Treatment.status == one for one in (TreatmentStatus.PLANNED, TreatmentStatus.IN_PROGRESS)))
    stmt = (
        _rows(seen_by_staff(as_patient=as_patient))
        .where(Treatment.patient_id == patient_id, is_open)
        .order_by(Treatment.created_at.desc(), Treatment.id.desc())
        .limit(MOST_OPEN)
    )
    return [told(row) for row in _with_items(connection, connection.execute(stmt).all())]


def items_of(connection: Connection, treatment_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[dict[str, Any]]]:
    """Return what treatments use, each item with its name, in the order in which it was said."""
    stmt = (
        select(TreatmentItem.treatment_id, TreatmentItem.item_id, Item.name, Item.unit, TreatmentItem.quantity)
        .join(Item, Item.id == TreatmentItem.item_id)
        .where(TreatmentItem.treatment_id.in_(list(treatment_ids)))
        .order_by(TreatmentItem.id)
    )
    found: dict[uuid.UUID, list[dict[str, Any]]] = {}
    for treatment_id, item_id, name, unit, quantity in connection.execute(stmt):
        line = {"item_id": item_id, "name": name, "unit": unit, "quantity": quantity}
        found.setdefault(treatment_id, []).append(line)
    return found


def _with_items(connection: Connection, rows: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
    used = items_of(connection, (row[_ID] for row in rows)) if rows else {}
    return [(*row[: len(_OWN)], used.get(row[_ID], []), *row[len(_OWN) :]) for row in rows]
