"""Read sets of vital signs: those of a patient or a visit, and one; two statements, whatever the length."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, false, or_, select
from sqlalchemy.orm import join, outerjoin
from sqlalchemy.sql import ColumnElement

from server.core.clock import begin_of, end_of
from server.core.dump import columns_of, row_dumper
from server.core.errors import NotFound
from server.core.listing import ListSpec, Page, fetch_page
from server.modules.doctors.models import Doctor
from server.modules.patients.models import Patient
from server.modules.users.hands import Hands, hands_of
from server.modules.visits.models import Visit
from server.modules.visits.queries.words import reads_words, seen_by_staff
from server.modules.visits.schemas.words import teller
from server.modules.vitals.enums import Kind, MeasurementStatus
from server.modules.vitals.models import Measurement, VitalSet
from server.modules.vitals.schemas.shown import WORDS, MeasurementOut, VitalSetOut

COLUMNS = tuple(columns_of(VitalSetOut))
VALUES = tuple(columns_of(MeasurementOut))
LIST = ListSpec(sorts={"measured_at": VitalSet.measured_at}, tie=VitalSet.id, default="-measured_at")

_table, _values = VitalSet.__table__, Measurement.__table__
_hands = hands_of(VitalSet)
_of_value = Hands(author=Measurement.recorded_by, amender=Measurement.superseded_by)
_JOINED: Mapping[str, Any] = {
    "patient_first_name": Patient.first_name.label("patient_first_name"),
    "patient_last_name": Patient.last_name.label("patient_last_name"),
    "patient_mrn": Patient.mrn.label("patient_mrn"),
    "doctor_id": Visit.doctor_id.label("doctor_id"),
    "doctor_first_name": Doctor.first_name.label("doctor_first_name"),
    "doctor_last_name": Doctor.last_name.label("doctor_last_name"),
    **_hands.columns,
}
_ORDER = {kind: number for number, kind in enumerate(Kind)}

_tell = teller(VitalSetOut, COLUMNS, WORDS)
_dump_value = row_dumper(MeasurementOut, VALUES)


def _amended() -> ColumnElement[bool]:
    """Say that a set stands with another value than was taken first: no set is superseded as a whole."""
    former = select(_values.c.id).where(
        _values.c.set_id == VitalSet.id, _values.c.status == MeasurementStatus.SUPERSEDED
    )
    return and_(VitalSet.status == MeasurementStatus.FINAL, former.exists())


FILTERS: Mapping[str, Callable[[Any], ColumnElement[bool]]] = {
    "patient_id": lambda patient_id: VitalSet.patient_id == patient_id,
    "visit_id": lambda visit_id: VitalSet.visit_id == visit_id,
    "doctor_id": lambda doctor_id: Visit.doctor_id == doctor_id,
    "status": lambda status: _amended() if status == MeasurementStatus.SUPERSEDED else VitalSet.status == status,
    "from": lambda bound: VitalSet.measured_at >= begin_of(bound),
    "to": lambda bound: VitalSet.measured_at < end_of(bound),
}


def _joined(*, as_patient: bool) -> Select[Any]:
    joined = join(VitalSet, Patient, Patient.id == VitalSet.patient_id)
    joined = outerjoin(joined, Visit, Visit.id == VitalSet.visit_id)
    columns = (_JOINED[name] if name in _JOINED else _table.c[name] for name in COLUMNS)
    stmt = select(*columns, reads_words(VitalSet.visit_id, seen_by_staff(as_patient=as_patient)))
    return _hands.join(stmt.select_from(outerjoin(joined, Doctor, Doctor.id == Visit.doctor_id)))


def page_of_sets(
    connection: Connection, whose: ColumnElement[bool], query: Mapping[str, Any], *, as_patient: bool
) -> Page:
    """Return one page of the sets of a patient or visit; those entered in error are shown to staff who ask for them.

    Which sets were amended, the patient is not told.
    """
    stmt = _joined(as_patient=as_patient).where(whose)
    if as_patient and query.get("status") == MeasurementStatus.SUPERSEDED:
        stmt = stmt.where(false())
    stmt = stmt.where(*(condition(query[name]) for name, condition in FILTERS.items() if name in query))
    if as_patient or "status" not in query:
        stmt = stmt.where(VitalSet.status == MeasurementStatus.FINAL)
    return fetch_page(connection, stmt, LIST, query)


def one_set(connection: Connection, entry_id: uuid.UUID, *, as_patient: bool) -> dict[str, Any]:
    """Return one set with all its values, to staff also those that stand no longer, or raise `NotFound`.

    What was entered in error may be somebody else's: the patient is shown no such set, and no such value.
    """
    row = connection.execute(_joined(as_patient=as_patient).where(VitalSet.id == entry_id)).first()
    if row is None or (as_patient and row.status != MeasurementStatus.FINAL):
        raise NotFound
    return with_values(connection, [row], with_former=not as_patient)[0]


def with_values(
    connection: Connection, rows: Sequence[Sequence[Any]], *, with_former: bool = False
) -> list[dict[str, Any]]:
    """Return sets as they are answered: each with the values that stand, by their kinds and the oldest first.

    Of a set that was entered in error they are those that stood until then.
    """
    sets = [_tell(row) for row in rows]
    names = _of_value.columns
    columns = (names[name] if name in names else _values.c[name] for name in VALUES)
    stmt = _of_value.join(select(_values.c.set_id, *columns).select_from(Measurement)).order_by(_values.c.id)
    stmt = stmt.where(_values.c.set_id.in_([one["id"] for one in sets]))
    if not with_former:
        stood = _values.c.set_id.in_([one["id"] for one in sets if one["status"] != MeasurementStatus.FINAL])
        was_final = and_(stood, _values.c.status != MeasurementStatus.SUPERSEDED)
        stmt = stmt.where(or_(_values.c.status == MeasurementStatus.FINAL, was_final))
    found: dict[uuid.UUID, list[dict[str, Any]]] = defaultdict(list)
    for set_id, *value in connection.execute(stmt) if sets else ():
        found[set_id].append(_dump_value(value))
    return [
        {**one, "measurements": sorted(found[one["id"]], key=lambda value: _ORDER[Kind(value["kind"])])} for one in sets
    ]
