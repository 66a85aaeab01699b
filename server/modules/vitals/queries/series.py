"""Read values of one kind over time, and the last one of each kind."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, Select, bindparam, literal_column, select, union_all
from sqlalchemy.sql import ColumnElement

from server.core.clock import begin_of, end_of
from server.core.dump import columns_of, row_dumper
from server.core.listing import ListSpec, Page, fetch_page
from server.modules.users.hands import Hands
from server.modules.visits.models import Visit
from server.modules.vitals.enums import Kind, MeasurementStatus
from server.modules.vitals.models import Measurement, VitalSet
from server.modules.vitals.schemas.shown import MeasurementOut, PointOut

COLUMNS = tuple(columns_of(PointOut))
LIST = ListSpec(sorts={"measured_at": Measurement.measured_at}, tie=Measurement.id, default="measured_at")

_VALUES = tuple(columns_of(MeasurementOut))
_table = Measurement.__table__
_FILTERS: Mapping[str, Callable[[Any], ColumnElement[bool]]] = {
    "patient_id": lambda patient_id: Measurement.patient_id == patient_id,
    "visit_id": lambda visit_id: VitalSet.visit_id == visit_id,
    "doctor_id": lambda doctor_id: Visit.doctor_id == doctor_id,
    "status": lambda status: Measurement.status == status,
    "from": lambda bound: Measurement.measured_at >= begin_of(bound),
    "to": lambda bound: Measurement.measured_at < end_of(bound),
}

_dump_value = row_dumper(MeasurementOut, _VALUES)


def page_of_series(
    connection: Connection, patient_id: uuid.UUID, query: Mapping[str, Any], *, as_patient: bool
) -> Page:
    """Return one page of a patient's values of one kind, oldest first unless told otherwise: one scan of one index."""
    stmt: Select[Any] = select(*(_table.c[name] for name in COLUMNS)).select_from(Measurement)
    if {"visit_id", "doctor_id"} & query.keys():
        stmt = stmt.join(VitalSet, VitalSet.id == Measurement.set_id)
        stmt = stmt.outerjoin(Visit, Visit.id == VitalSet.visit_id)
    stmt = stmt.where(
        Measurement.patient_id == patient_id,
        Measurement.kind == query["kind"],
        *(condition(query[name]) for name, condition in _FILTERS.items() if name in query),
    )
    if as_patient or "status" not in query:
        stmt = stmt.where(Measurement.status == MeasurementStatus.FINAL)
    return fetch_page(connection, stmt, LIST, query)


def _latest() -> Select[Any]:
    """Select the last standing value of each kind of one patient: a seek of the index for each."""
    asked = (*(name for name in _VALUES if name in _table.c), "measured_at", "set_id")
    is_final = _table.c.status == literal_column(f"'{MeasurementStatus.FINAL}'")
    newest = (
        select(*(_table.c[name] for name in asked))
        .where(_table.c.patient_id == bindparam("patient_id"), _table.c.kind == literal_column(f"'{kind}'"), is_final)
        .order_by(_table.c.measured_at.desc(), _table.c.id.desc())
        .limit(literal_column("1"))
        .subquery()
        for kind in Kind
    )
    found = union_all(*(select(one) for one in newest)).subquery()
    hands = Hands(author=found.c.recorded_by, amender=found.c.superseded_by)
    columns = (hands.columns[name] if name in hands.columns else found.c[name] for name in _VALUES)
    return hands.join(select(*columns, found.c.measured_at, found.c.set_id).select_from(found))


_LATEST = _latest()


def latest_of(connection: Connection, patient_id: uuid.UUID) -> list[dict[str, Any]]:
    """Return the last standing value of each kind, with `at` and `vital_id`, in one statement."""
    found = {row.kind: row for row in connection.execute(_LATEST, {"patient_id": patient_id})}
    return [
        {**_dump_value(row[: len(_VALUES)]), "at": row.measured_at, "vital_id": row.set_id}
        for row in (found[kind] for kind in Kind if kind in found)
    ]
