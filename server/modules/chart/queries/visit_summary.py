"""Read all that a visit's printed summary says: what is signed and stands, in the order in which it happened."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, Row, or_, select

from server.core.access import Actor
from server.core.errors import NotFound
from server.core.listing import Page
from server.modules.appointments.queries.shown import upcoming
from server.modules.doctors.models import Doctor
from server.modules.doctors.queries.clinic import clinic_name, clinic_row
from server.modules.patients.models import Patient
from server.modules.patients.policies import Perm
from server.modules.patients.queries.people import Found
from server.modules.patients.queries.reach import reach
from server.modules.procedures.queries import procedures
from server.modules.treatments.queries import treatments
from server.modules.vaccines.queries import vaccines
from server.modules.visits.enums import NoteStatus
from server.modules.visits.queries import notes, visits
from server.modules.vitals.models import VitalSet
from server.modules.vitals.queries import sets

Shown = Mapping[str, Any]

_CLINIC = ("address", "phone", "email", "letterhead")
_PATIENT = (Patient.first_name, Patient.middle_name, Patient.last_name, Patient.mrn, Patient.date_of_birth, Patient.sex)
_PAGE = 100


@dataclass(frozen=True)
class VisitSummary:
    """What is printed of a visit, each part as the API answers it."""

    clinic_name: str
    clinic: Row[Any]
    patient: Any
    visit: Shown
    vitals: Sequence[Shown]
    notes: Sequence[Shown]
    treatments: Sequence[Shown]
    procedures: Sequence[Shown]
    vaccines: Sequence[Shown]
    appointments: Sequence[Shown]
    # By the ids of doctors and of their accounts.
    titles: Mapping[uuid.UUID, str] = field(default_factory=dict)

    def named(self, person: Shown) -> str:
        """Return how somebody is called, with their title."""
        return " ".join(filter(None, (self.titles.get(person["id"]), person["name"])))


def summary_of_visit(connection: Connection, actor: Actor, found: Found, visit_id: uuid.UUID) -> VisitSummary:
    """Return what is printed of a visit, or raise `NotFound` where it is not open to the caller.

    A draft is nobody's to hand out: only signed notes are in it. Patients have a summary once the visit is completed.
    """
    visit = visits.one(connection, actor, found, visit_id)
    if "diagnoses" not in visit:
        raise NotFound
    reached = reach(connection, actor, Perm.CHART_READ, found.id)
    as_patient, of_visit = found.as_patient, {"visit_id": visit_id}
    whose = {**of_visit, "patient_id": found.id, "sort": "created_at"}
    signed = {**of_visit, "status": NoteStatus.SIGNED}
    summary = VisitSummary(
        clinic_name=clinic_name(connection),
        clinic=clinic_row(connection, _CLINIC),
        patient=connection.execute(select(*_PATIENT).where(Patient.id == found.id)).one(),
        visit=visit,
        vitals=sets.with_values(
            connection,
            _all(
                lambda query: sets.page_of_sets(
                    connection, VitalSet.visit_id == visit_id, query, as_patient=as_patient
                ),
                sort="measured_at",
            ),
        ),
        notes=notes.dumped(
            connection,
            _all(lambda query: notes.page_of_notes(connection, visit_id, query, as_patient=as_patient), **signed),
        ),
        treatments=[
            treatments.told(row)
            for row in _all(lambda query: treatments.page_of_treatments(connection, actor, reached, query), **whose)
        ],
        procedures=procedures.with_addenda(
            connection, _all(lambda query: procedures.page_of_procedures(connection, actor, reached, query), **whose)
        ),
        vaccines=[
            vaccines.told(row)
            for row in _all(lambda query: vaccines.page_of_vaccines(connection, actor, reached, query), **whose)
        ],
        appointments=upcoming(connection, found.id),
    )
    shown = (visit, summary.notes, summary.procedures, summary.appointments)
    return replace(summary, titles=_titles(connection, set(_named_in(shown))))


def _named_in(shown: Any) -> Iterator[uuid.UUID]:
    """Yield the ids of all whom an answer names."""
    if isinstance(shown, Mapping):
        if {"id", "name"} <= shown.keys():
            yield shown["id"]
        shown = shown.values()
    elif isinstance(shown, str):
        return
    if isinstance(shown, Iterable):
        for one in shown:
            yield from _named_in(one)


def _titles(connection: Connection, people: set[uuid.UUID]) -> Mapping[uuid.UUID, str]:
    """Return the titles of doctors, by their ids and by those of their accounts."""
    stmt = select(Doctor.id, Doctor.user_id, Doctor.title).where(
        Doctor.title.is_not(None), or_(Doctor.id.in_(people), Doctor.user_id.in_(people))
    )
    return {one: row.title for row in connection.execute(stmt) for one in (row.id, row.user_id)}


def _all(page_of: Callable[[Mapping[str, Any]], Page], **query: Any) -> list[Sequence[Any]]:
    """Return the rows of all pages of a list."""
    asked = {**query, "per_page": _PAGE}
    page = page_of(asked)
    rows = list(page.rows)
    while page.meta["next_cursor"]:
        page = page_of({**asked, "cursor": page.meta["next_cursor"]})
        rows += page.rows
    return rows
