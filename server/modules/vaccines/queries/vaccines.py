"""Find immunisations: lists, one by id, and what one said before it was corrected."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, Row, Select, or_, select
from sqlalchemy.sql import ColumnElement

from server.core.access import Actor
from server.core.dump import columns_of
from server.core.errors import NotFound
from server.core.listing import ListSpec, Page, fetch_page
from server.modules.doctors.models import Doctor
from server.modules.patients.enums import ENTERED_IN_ERROR
from server.modules.patients.models import Patient
from server.modules.patients.policies import is_only_ward
from server.modules.patients.queries.reach import Reach
from server.modules.users.hands import Hands, hands_of
from server.modules.vaccines.models import Immunization, ImmunizationVersion
from server.modules.vaccines.policies import Perm
from server.modules.vaccines.schemas import FORMER_WORDS, WORDS, VaccineOut, VaccineVersionOut, day_of
from server.modules.visits.models import Visit
from server.modules.visits.queries.words import reads_words, seen_by_staff
from server.modules.visits.schemas.words import teller

COLUMNS = tuple(columns_of(VaccineOut))
VERSION_COLUMNS = tuple(columns_of(VaccineVersionOut))
# Turn rows into answers, with the words that the caller reads.
told = teller(VaccineOut, COLUMNS, WORDS)
told_before = teller(VaccineVersionOut, VERSION_COLUMNS, FORMER_WORDS)

_table = Immunization.__table__
_hands = hands_of(Immunization, vaccinator=Immunization.administered_by)
_correctors = Hands(corrector=ImmunizationVersion.superseded_by)
# Columns of an answer that are not the entry's own.
_JOINED: Mapping[str, Any] = {
    "patient_first_name": Patient.first_name.label("patient_first_name"),
    "patient_last_name": Patient.last_name.label("patient_last_name"),
    "patient_mrn": Patient.mrn.label("patient_mrn"),
    "doctor_id": Visit.doctor_id.label("doctor_id"),
    "doctor_first_name": Doctor.first_name.label("doctor_first_name"),
    "doctor_last_name": Doctor.last_name.label("doctor_last_name"),
    **_hands.columns,
}
_is_error = Immunization.status == ENTERED_IN_ERROR
_LIST = ListSpec(
    sorts={"administered_on": Immunization.administered_on, "created_at": Immunization.created_at},
    tie=Immunization.id,
    default="-administered_on",
)
_VERSIONS = ListSpec(sorts={"number": ImmunizationVersion.number}, tie=ImmunizationVersion.id, default="-number")


def _joined(by_staff: ColumnElement[bool]) -> Select[Any]:
    """Select the columns of answers; the patient is joined by who calls."""
    columns = (_JOINED[name] if name in _JOINED else _table.c[name] for name in COLUMNS)
    return _hands.join(
        select(*columns, reads_words(Immunization.visit_id, by_staff))
        .select_from(Immunization)
        .outerjoin(Visit, Visit.id == Immunization.visit_id)
        .outerjoin(Doctor, Doctor.id == Visit.doctor_id)
    )


def _of_doctor(doctor_id: uuid.UUID) -> ColumnElement[bool]:
    account = select(Doctor.user_id).where(Doctor.id == doctor_id).correlate(None).scalar_subquery()
    return or_(Visit.doctor_id == doctor_id, Immunization.administered_by == account)


_FILTERS: Mapping[str, Callable[[Any], ColumnElement[bool]]] = {
    "doctor_id": _of_doctor,
    "visit_id": lambda visit_id: Immunization.visit_id == visit_id,
    "status": lambda status: Immunization.status == status,
    "source": lambda source: Immunization.source == source,
    "vaccine_code": lambda code: Immunization.vaccine_code == code,
    "from": lambda bound: Immunization.administered_on >= day_of(bound),
    "to": lambda bound: Immunization.administered_on <= day_of(bound),
}


def page_of_vaccines(connection: Connection, actor: Actor, reach: Reach, query: Mapping[str, Any]) -> Page:
    """Return one page of what was given, the latest first, each with whether it is of a ward.

    What was entered in error is left out unless it is asked for, and then shown to those alone who care for the
    patient: its reason may be about somebody else.
    """
    asked = [condition(query[name]) for name, condition in _FILTERS.items() if name in query]
    asked.append(or_(~_is_error, reach.is_seen_by_staff) if "status" in query else ~_is_error)
    stmt = reach.narrow(_joined(reach.is_seen_by_staff), Immunization).where(*asked)
    return fetch_page(connection, stmt.add_columns(is_only_ward(actor, Perm.READ).label("is_ward")), _LIST, query)


def vaccine_row(connection: Connection, vaccine_id: uuid.UUID, *, as_patient: bool = False) -> Row[Any]:
    """Return one entry, one that was entered in error included unless a patient asks, or raise `NotFound`."""
    stmt = _joined(seen_by_staff(as_patient=as_patient)).join(Patient, Patient.id == Immunization.patient_id)
    stmt = stmt.where(Immunization.id == vaccine_id)
    if as_patient:
        stmt = stmt.where(~_is_error)
    found = connection.execute(stmt).first()
    if found is None:
        raise NotFound
    return found


def page_of_versions(
    connection: Connection, vaccine_id: uuid.UUID, query: Mapping[str, Any], *, as_patient: bool
) -> Page:
    """Return one page of what an entry said before, the latest first."""
    table = ImmunizationVersion.__table__
    reads = reads_words(Immunization.visit_id, seen_by_staff(as_patient=as_patient))
    names = _correctors.columns
    stmt: Select[Any] = select(*(names[name] if name in names else table.c[name] for name in VERSION_COLUMNS), reads)
    stmt = _correctors.join(stmt.select_from(table.join(_table, _table.c.id == table.c.immunization_id)))
    stmt = stmt.where(table.c.immunization_id == vaccine_id)
    return fetch_page(connection, stmt, _VERSIONS, query)
