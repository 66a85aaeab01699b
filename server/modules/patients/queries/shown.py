"""What this module shows of a patient in the timeline and in the summary."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Connection, Select, select

from server.core.dump import columns_of, row_dumper
from server.modules.patients.enums import ENTERED_IN_ERROR, ConditionStatus
from server.modules.patients.models import Allergy, AllergyStatement, Condition, Patient
from server.modules.patients.queries.chart import STATED, entries_of, history_row, stated_in
from server.modules.patients.schemas.chart import AllergyOut, ConditionOut, HistoryOut
from server.modules.patients.schemas.patient import PatientOut
from server.modules.patients.shown import add_events, add_section, event, on_day

_PATIENT, _ALLERGY, _CONDITION, _HISTORY = map(columns_of, (PatientOut, AllergyOut, ConditionOut, HistoryOut))


def install() -> None:
    """Register the events and the sections of this module."""
    for name, source in _EVENTS.items():
        add_events(name, source)
    add_section("patient", _demographics)
    add_section("conditions", _active_conditions)
    add_section("allergies", _allergies)
    add_section("history", _history)


def _registered(patient_id: uuid.UUID) -> Select[Any]:
    return event(
        at=Patient.created_at,
        kind="registered",
        object_type="patient",
        object_id=Patient.id,
        title="Registered",
    ).where(Patient.id == patient_id)


def _died(patient_id: uuid.UUID) -> Select[Any]:
    return event(
        at=on_day(Patient.deceased_on), kind="died", object_type="patient", object_id=Patient.id, title="Died"
    ).where(Patient.id == patient_id, Patient.deceased_on.is_not(None))


def _allergy_added(patient_id: uuid.UUID) -> Select[Any]:
    return event(
        at=Allergy.created_at,
        kind="allergy_added",
        object_type="allergy",
        object_id=Allergy.id,
        title=Allergy.substance,
    ).where(Allergy.patient_id == patient_id, Allergy.status != ENTERED_IN_ERROR)


def _none_known(patient_id: uuid.UUID) -> Select[Any]:
    return event(
        at=AllergyStatement.stated_at,
        kind="no_known_allergies",
        object_type="allergy_statement",
        object_id=AllergyStatement.id,
        title="No known allergies",
    ).where(AllergyStatement.patient_id == patient_id)


def _of_condition(kind: str, at: Any, *which: Any) -> Any:
    def source(patient_id: uuid.UUID) -> Select[Any]:
        return event(at=at, kind=kind, object_type="condition", object_id=Condition.id, title=Condition.display).where(
            Condition.patient_id == patient_id, Condition.status != ENTERED_IN_ERROR, *which
        )

    return source


_EVENTS = {
    "registered": _registered,
    "died": _died,
    "allergy_added": _allergy_added,
    "no_known_allergies": _none_known,
    "condition_added": _of_condition("condition_added", Condition.created_at),
    "condition_began": _of_condition("condition_began", on_day(Condition.onset_on), Condition.onset_on.is_not(None)),
    "condition_resolved": _of_condition(
        "condition_resolved", on_day(Condition.resolved_on), Condition.resolved_on.is_not(None)
    ),
}


def _demographics(connection: Connection, patient_id: uuid.UUID) -> dict[str, Any]:
    table = Patient.__table__
    row = connection.execute(select(*(table.c[name] for name in _PATIENT)).where(table.c.id == patient_id)).one()
    return row_dumper(PatientOut, tuple(_PATIENT))(row)


def _active_conditions(connection: Connection, patient_id: uuid.UUID) -> list[dict[str, Any]]:
    dump = row_dumper(ConditionOut, tuple(_CONDITION))
    found = entries_of(connection, Condition, _CONDITION, [patient_id])
    return [dump(row) for row in found if row.status == ConditionStatus.ACTIVE]


def _allergies(connection: Connection, patient_id: uuid.UUID) -> list[dict[str, Any]]:
    dump = row_dumper(AllergyOut, tuple(_ALLERGY))
    return [dump(row) for row in entries_of(connection, Allergy, _ALLERGY, [patient_id])]


def _history(connection: Connection, patient_id: uuid.UUID) -> dict[str, Any]:
    """Return the history, and beside it whether "no known allergies" was stated."""
    row = history_row(connection, patient_id, _HISTORY)
    data = row_dumper(HistoryOut, (*_HISTORY, *STATED))(row)
    return {**data, "no_known_allergies": stated_in(row, patient_id)}
