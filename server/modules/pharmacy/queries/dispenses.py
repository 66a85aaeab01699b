"""Find dispenses, each with its lots, and with as much as its reader may see."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Select, and_, or_, select
from sqlalchemy.sql import ColumnElement

from server.core.access import Actor, Scope
from server.core.clock import begin_of, end_of
from server.core.dump import columns_of, row_dumper
from server.core.errors import NotFound
from server.core.listing import ListSpec, Page, fetch_page
from server.modules.inventory.models import Lot
from server.modules.medications.models import Medication
from server.modules.patients.models import Patient
from server.modules.patients.policies import is_only_ward
from server.modules.patients.queries.people import survivor_of
from server.modules.patients.queries.reach import Reach
from server.modules.pharmacy.schemas.dispenses import AT_THE_TILL, DispenseOut
from server.modules.prescriptions.enums import DispenseStatus
from server.modules.prescriptions.models import Dispense, DispenseLot, Prescription
from server.modules.prescriptions.policies import Perm
from server.modules.users.hands import Hands

_table = Dispense.__table__
_hands = Hands(preparer=Dispense.prepared_by, filler=Dispense.filled_by, reverser=Dispense.reversed_by)
_JOINED: Mapping[str, Any] = {
    "rx_number": Prescription.rx_number.label("rx_number"),
    "patient_first_name": Patient.first_name.label("patient_first_name"),
    "patient_last_name": Patient.last_name.label("patient_last_name"),
    "patient_mrn": Patient.mrn.label("patient_mrn"),
    "medication_name": Medication.name.label("medication_name"),
    **_hands.columns,
}
_LOTS = "lots"
_OWN = tuple(name for name in columns_of(DispenseOut) if name != _LOTS)
# The columns of a row as it is answered: its lots come last, from a statement of their own.
COLUMNS = (*_OWN, _LOTS)
ID, PATIENT = _OWN.index("id"), _OWN.index("patient_id")

LIST = ListSpec(sorts={"created_at": Dispense.id}, tie=Dispense.id, default="-created_at")

_dump = row_dumper(DispenseOut, COLUMNS)

Shown = dict[str, Any]


def is_to_pay() -> ColumnElement[bool]:
    """Return "is filled and not settled", in a form that an index serves."""
    return and_(Dispense.status == DispenseStatus.FILLED, Dispense.settled_id.is_(None))


_FILTERS: Mapping[str, Callable[[Any], ColumnElement[bool]]] = {
    "prescription_id": lambda prescription_id: Dispense.prescription_id == prescription_id,
    "medication_id": lambda medication_id: Dispense.medication_id == medication_id,
    "status": lambda status: Dispense.status == status,
    "to_pay": lambda wanted: is_to_pay() if wanted else ~is_to_pay(),
    "from": lambda bound: Dispense.created_at >= begin_of(bound),
    "to": lambda bound: Dispense.created_at < end_of(bound),
}


def _rows() -> Select[Any]:
    return _hands.join(
        select(*(_JOINED[name] if name in _JOINED else _table.c[name] for name in _OWN))
        .select_from(Dispense)
        .join(Patient, Patient.id == Dispense.patient_id)
        .join(Prescription, Prescription.id == Dispense.prescription_id)
        .join(Medication, Medication.id == Dispense.medication_id)
    )


def page_of_dispenses(connection: Connection, actor: Actor, reach: Reach, query: Mapping[str, Any]) -> Page:
    """Return one page of dispenses; the last columns say which are a ward's, which are shown whole, which to staff.

    The till is shown what is to be paid of all patients.
    """
    shown = reach.is_shown
    if Scope.CARD in actor.scopes(Perm.DISPENSES_READ):
        shown = or_(shown, is_to_pay())
    stmt = _rows().where(shown, *(_FILTERS[name](query[name]) for name in _FILTERS if name in query))
    if "patient_id" in query:
        present = survivor_of(connection, query["patient_id"]) or query["patient_id"]
        stmt = stmt.where(Dispense.patient_id == present)
    stmt = stmt.add_columns(
        is_only_ward(actor, Perm.DISPENSES_READ).label("is_ward"),
        reach.is_shown.label("is_whole"),
        reach.is_seen_by_staff.label("by_staff"),
    )
    page = fetch_page(connection, stmt, LIST, query)
    return replace(page, columns=COLUMNS, rows=_with_lots(connection, page.rows))


def each(rows: Sequence[Sequence[Any]]) -> list[Shown]:
    """Return rows of a page as they are shown, by their last columns."""
    return [_seen(_dump(row), is_whole=row[-2], by_staff=row[-1]) for row in rows]


def one(connection: Connection, dispense_id: uuid.UUID, *, is_whole: bool, by_staff: bool) -> tuple[uuid.UUID, Shown]:
    """Return of whom a dispense is and how it is shown; not whole, as the till sees what is to be paid."""
    stmt = _rows().where(Dispense.id == dispense_id)
    rows = connection.execute(stmt if is_whole else stmt.where(is_to_pay())).all()
    if not rows:
        raise NotFound
    row = _with_lots(connection, rows)[0]
    return row[PATIENT], _seen(_dump(row), is_whole=is_whole, by_staff=by_staff)


def these(connection: Connection, dispense_ids: Sequence[uuid.UUID]) -> list[Shown]:
    """Return dispenses as staff sees them, in this order."""
    rows = connection.execute(_rows().where(Dispense.id.in_(dispense_ids))).all()
    shown = {row[ID]: _dump(row) for row in _with_lots(connection, rows)}
    return [shown[dispense_id] for dispense_id in dispense_ids]


def patient_of(connection: Connection, dispense_id: uuid.UUID) -> uuid.UUID:
    """Return of whom a dispense is, or raise `NotFound`."""
    found: uuid.UUID | None = connection.scalar(select(Dispense.patient_id).where(Dispense.id == dispense_id))
    if found is None:
        raise NotFound
    return found


def _seen(shown: Shown, *, is_whole: bool, by_staff: bool) -> Shown:
    if not is_whole:
        return {name: value for name, value in shown.items() if name in AT_THE_TILL}
    return shown if by_staff else {**shown, "override_reason": None, "skipped": []}


def _with_lots(connection: Connection, rows: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
    lots = _lots_of(connection, [row[ID] for row in rows]) if rows else {}
    return [(*row[: len(_OWN)], lots.get(row[ID], []), *row[len(_OWN) :]) for row in rows]


def _lots_of(connection: Connection, dispense_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Shown]]:
    stmt = (
        select(DispenseLot.dispense_id, Lot.id.label("lot_id"), Lot.lot_number, Lot.expires_on, DispenseLot.quantity)
        .join(Lot, Lot.id == DispenseLot.lot_id)
        .where(DispenseLot.dispense_id.in_(dispense_ids))
        .order_by(DispenseLot.dispense_id, Lot.expires_on.is_(None), Lot.expires_on, DispenseLot.id)
    )
    found: dict[uuid.UUID, list[Shown]] = {}
    for row in connection.execute(stmt).mappings():
        shown = dict(row)
        found.setdefault(shown.pop("dispense_id"), []).append(shown)
    return found
