"""Find prescriptions, each with its items, and with as much as its reader may see."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, and_, case, exists, func, or_, select, true
from sqlalchemy.orm import aliased, join, outerjoin
from sqlalchemy.sql import ColumnElement

from server.core import clock
from server.core.access import Actor
from server.core.dump import columns_of, row_dumper
from server.core.errors import NotFound
from server.core.listing import ListSpec, Page, fetch_page
from server.modules.doctors.models import Doctor
from server.modules.patients.models import Patient
from server.modules.patients.policies import is_only_ward
from server.modules.patients.queries.reach import Reach
from server.modules.prescriptions.enums import PrescriptionStatus, Source
from server.modules.prescriptions.models import Prescription, PrescriptionItem, SafetyFinding
from server.modules.prescriptions.policies import Perm
from server.modules.prescriptions.queries.cards import cards_of
from server.modules.prescriptions.queries.items import items_of
from server.modules.prescriptions.queries.standing import stands, stands_so
from server.modules.prescriptions.schemas.shown import KeptFindingOut, PrescriptionOut
from server.modules.users.hands import hands_of

MOST_SHOWN = 50

_table = Prescription.__table__
_successor = aliased(Prescription)
_hands = hands_of(Prescription, ender=Prescription.ended_by)
_ITEMS = "items"
_JOINED: Mapping[str, Any] = {
    "patient_first_name": Patient.first_name.label("patient_first_name"),
    "patient_last_name": Patient.last_name.label("patient_last_name"),
    "patient_mrn": Patient.mrn.label("patient_mrn"),
    "doctor_first_name": Doctor.first_name.label("doctor_first_name"),
    "doctor_last_name": Doctor.last_name.label("doctor_last_name"),
    "prescribed_by": case(
        (
            Prescription.source == Source.INTERNAL,
            func.coalesce(Doctor.user_id, Prescription.activated_by, Prescription.recorded_by),
        ),
        else_=Doctor.user_id,
    ).label("prescribed_by"),
    "replaced_by_id": _successor.id.label("replaced_by_id"),
    **_hands.columns,
}
_OWN = tuple(name for name in columns_of(PrescriptionOut) if name != _ITEMS)
# The columns of a row as it is answered: its items come last, from a statement of their own.
COLUMNS = (*_OWN, _ITEMS)
ID, PATIENT = _OWN.index("id"), _OWN.index("patient_id")
_FINDING = tuple(columns_of(KeptFindingOut))

LIST = ListSpec(
    sorts={"created_at": Prescription.id, "date_prescribed": Prescription.date_prescribed},
    tie=Prescription.id,
    default="-created_at",
)

_dump = row_dumper(PrescriptionOut, COLUMNS)
_dump_finding = row_dumper(KeptFindingOut, _FINDING)

Shown = dict[str, Any]


def _first_day(bound: date) -> date:
    return bound.astimezone(clock.clinic_zone()).date() if isinstance(bound, datetime) else bound


def _last_day(bound: date) -> date:
    return _first_day(bound - timedelta(microseconds=1)) if isinstance(bound, datetime) else bound


def _names(medication_id: uuid.UUID) -> ColumnElement[bool]:
    item = PrescriptionItem
    return exists().where(item.prescription_id == Prescription.id, item.medication_id == medication_id)


_FILTERS: Mapping[str, Callable[[Any], ColumnElement[bool]]] = {
    "doctor_id": lambda doctor_id: Prescription.doctor_id == doctor_id,
    "visit_id": lambda visit_id: Prescription.visit_id == visit_id,
    "medication_id": _names,
    "source": lambda source: Prescription.source == source,
    "from": lambda bound: Prescription.date_prescribed >= _first_day(bound),
    "to": lambda bound: Prescription.date_prescribed <= _last_day(bound),
}


def _rows(*columns: Any) -> Select[Any]:
    joined = join(Prescription, Patient, Patient.id == Prescription.patient_id)
    joined = outerjoin(joined, Doctor, Doctor.id == Prescription.doctor_id)
    joined = outerjoin(joined, _successor, _successor.replaces_id == Prescription.id)
    known = {**_JOINED, "status": stands(clock.today()).label("status")}
    own = (known[name] if name in known else _table.c[name] for name in _OWN)
    return _hands.join(select(*own, *columns).select_from(joined))


def page_of_prescriptions(
    connection: Connection, actor: Actor, seen: Reach, charts: Reach, query: Mapping[str, Any]
) -> Page:
    """Return one page of the prescriptions that `seen` reaches; the last columns say which are a ward's, and in full.

    In full are those whose chart is open to the caller: the pharmacy learns of no visit, nor by asking for one. Drafts
    are not for patients; what was entered in error is left out unless it is asked for, and then for staff alone.
    """
    in_full = charts.is_shown.label("in_full")
    stmt = _rows(is_only_ward(actor, Perm.READ).label("is_ward"), in_full).where(seen.is_shown)
    stmt = stmt.where(*(_FILTERS[name](query[name]) for name in _FILTERS if name in query))
    if "visit_id" in query:
        stmt = stmt.where(charts.is_shown)
    for_staff = or_(*(Prescription.status == one for one in _FOR_STAFF))
    stmt = stmt.where(or_(~for_staff, seen.is_seen_by_staff))
    if "status" in query:
        stmt = stmt.where(stands_so(query["status"], clock.today()))
    else:
        stmt = stmt.where(Prescription.status != PrescriptionStatus.ENTERED_IN_ERROR)
    page = fetch_page(connection, stmt, LIST, query)
    return replace(page, columns=COLUMNS, rows=_with_items(connection, page.rows))


_FOR_STAFF = (PrescriptionStatus.DRAFT, PrescriptionStatus.ENTERED_IN_ERROR)


def each(connection: Connection, rows: Sequence[Sequence[Any]]) -> list[Shown]:
    """Return rows of a page as they are shown, by the last column: in full, or as the pharmacy sees them."""
    cards = cards_of(connection, {row[PATIENT] for row in rows if not row[-1]})
    return [_dump(row) if row[-1] else _for_pharmacy(_dump(row), cards) for row in rows]


def one(connection: Connection, prescription_id: uuid.UUID, *, in_full: bool, as_patient: bool) -> Shown:
    """Return one prescription with what the checks have found, or to a patient without.

    Raise `NotFound` where a patient asks for a draft, or for one that was entered in error.
    """
    stmt = _rows(true().label("in_full")).where(Prescription.id == prescription_id)
    if as_patient:
        stmt = stmt.where(and_(*(Prescription.status != hidden for hidden in _FOR_STAFF)))
    found = _with_items(connection, connection.execute(stmt).all())
    if not found:
        raise NotFound
    shown = _dump(found[0])
    if not in_full:
        shown = _for_pharmacy(shown, cards_of(connection, {found[0][PATIENT]}))
    return shown if as_patient else {**shown, "findings": findings_of(connection, prescription_id)}


def _for_pharmacy(shown: Shown, cards: Mapping[uuid.UUID, Shown]) -> Shown:
    """Return a prescription as it is shown to those who do not see the chart: no visit, but who the patient is."""
    shown["patient"] = cards[shown["patient_id"]]
    del shown["visit_id"]
    return shown


def findings_of(connection: Connection, prescription_id: uuid.UUID) -> list[Shown]:
    """Return what the checks have found of a prescription, first when it was prescribed."""
    known = {"id": SafetyFinding.finding_id.label("id")}
    columns = (known.get(name, getattr(SafetyFinding, name)) for name in _FINDING)
    stmt = select(*columns).where(SafetyFinding.prescription_id == prescription_id).order_by(SafetyFinding.id)
    return [_dump_finding(row) for row in connection.execute(stmt)]


def active_of(connection: Connection, patient_id: uuid.UUID) -> list[Shown]:
    """Return on what a patient may still get something, the latest first, at most fifty."""
    today = clock.today()
    is_active = or_(*(stands_so(status, today) for status in _ACTIVE))
    stmt = _rows().where(Prescription.patient_id == patient_id, is_active)
    stmt = stmt.order_by(Prescription.date_prescribed.desc(), Prescription.id.desc()).limit(MOST_SHOWN)
    return [_dump(row) for row in _with_items(connection, connection.execute(stmt).all())]


_ACTIVE = (PrescriptionStatus.ACTIVE, PrescriptionStatus.PARTIALLY_FILLED)


def _with_items(connection: Connection, rows: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
    items = items_of(connection, (row[ID] for row in rows)) if rows else {}
    return [(*row[: len(_OWN)], items.get(row[ID], []), *row[len(_OWN) :]) for row in rows]
