"""Ask the schedule: whether doses count, and what is due."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import fields
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, select

from server.core import clock
from server.core.errors import refused
from server.modules.patients.enums import PatientStatus
from server.modules.patients.models import Patient
from server.modules.vaccines.engine import Dose, Due, Evaluation, Person, evaluate
from server.modules.vaccines.enums import DoseSource, VaccineStatus
from server.modules.vaccines.models import Immunization
from server.modules.vaccines.schedules.store import current_rules

_table = Immunization.__table__
_FACTS: tuple[Any, ...] = (Patient.date_of_birth, Patient.sex, Patient.status)
_DOSE = ("id", "vaccine_code", "administered_on", "lot_expires_on", "source", "validity", "validity_reason")


def doses_of(connection: Connection, patient_id: uuid.UUID) -> Sequence[Row[Any]]:
    """Return the doses that a patient was given, in the order of their days."""
    stmt = select(*(_table.c[name] for name in _DOSE)).where(
        _table.c.patient_id == patient_id, _table.c.status == VaccineStatus.COMPLETED
    )
    return connection.execute(stmt.order_by(_table.c.administered_on, _table.c.id)).all()


def person_of(connection: Connection, patient_id: uuid.UUID) -> Row[Any]:
    """Return the facts of a patient by which the schedule goes."""
    return connection.execute(select(*_FACTS).where(Patient.id == patient_id)).one()


def evaluated(connection: Connection, person: Row[Any], doses: Sequence[Row[Any]], as_of: date) -> Evaluation:
    """Evaluate doses, and what follows them, by the schedule in force."""
    given = [
        Dose(
            id=one.id,
            cvx=one.vaccine_code,
            given_on=one.administered_on,
            lot_expires_on=one.lot_expires_on,
            is_clinic=one.source == DoseSource.CLINIC,
        )
        for one in doses
    ]
    return evaluate(current_rules(connection), Person(person.date_of_birth, person.sex), given, as_of)


def due_of(connection: Connection, patient_id: uuid.UUID, as_of: date | None = None) -> list[Due]:
    """Return where a patient stands in each group of vaccines on a day, today by default; nothing is due after death.

    Doses of later days are left out. Raise a 422 for a day before birth.
    """
    as_of = as_of or clock.today()
    person = person_of(connection, patient_id)
    if as_of < person.date_of_birth:
        raise refused("as_of", why="Must not be before birth.")
    if person.status == PatientStatus.DECEASED:
        return []
    doses = [one for one in doses_of(connection, patient_id) if one.administered_on <= as_of]
    return evaluated(connection, person, doses, as_of).due


def fields_of(due: Due) -> dict[str, Any]:
    """Return a line of what is due as it is answered."""
    return {one.name: getattr(due, one.name) for one in fields(due)}
