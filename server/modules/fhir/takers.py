"""Name the rooms that take resources in, ground first; a new module adds one entry.

On the next import the resources of that type that were kept until then are offered to the new room too.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from server.modules.doctors.service import imports as doctors
from server.modules.fhir import conditions, roles
from server.modules.fhir.mapping.chart import read_allergy, read_condition
from server.modules.fhir.mapping.people import read_patient, read_practitioner
from server.modules.fhir.mapping.procedures import read_procedure
from server.modules.fhir.mapping.reading import Mapped
from server.modules.fhir.mapping.vaccines import read_immunization
from server.modules.fhir.mapping.visits import read_encounter
from server.modules.fhir.mapping.vitals import is_vital_sign, read_vitals
from server.modules.fhir.models import Reason
from server.modules.patients.models import Allergy
from server.modules.patients.service import imports
from server.modules.procedures.models import Procedure
from server.modules.procedures.service import imports as procedures
from server.modules.vaccines.models import Immunization
from server.modules.vaccines.service import imports as vaccines
from server.modules.visits.service import imports as visits
from server.modules.vitals.models import VitalSet
from server.modules.vitals.service import imports as vitals

Fields = dict[str, Any]
Read = Callable[[dict[str, Any]], Mapped]


@dataclass(frozen=True)
class Subject:
    """Whom resources are about: the field that names them in rows, and why those are kept whose subject is not here."""

    field: str
    unknown: Reason


PATIENT = Subject("patient_id", Reason.UNKNOWN_PATIENT)
DOCTOR = Subject("doctor_id", Reason.UNKNOWN_PRACTITIONER)


@dataclass(frozen=True)
class Taker:
    """How resources of one type become ours.

    Rows of what has a `subject` carry its id; `add` returns an id for each row, or None where ours has it already;
    `change` is given what differs and what the copy before said, and returns whether the change was taken over or,
    where it made another object of the resource, the id of that; `void` is given what the copy before said.
    `reader` makes a `read` for many, which looks things up once; `has_room_for` is asked where not all of a type are
    taken; `name_visits` gets entries that came before the visit at which they were recorded, each with its visit.
    What only tells of its subject becomes nothing of its own, and is that subject's object: `telling` is entered with
    the ids of those subjects before the resources are stored, and left when they are.
    """

    object_type: str
    read: Read
    add: Callable[[Sequence[Fields]], Sequence[uuid.UUID | None]]
    change: Callable[[uuid.UUID, Fields, Fields], bool | uuid.UUID]
    void: Callable[[uuid.UUID, Fields], None] | None = None
    reader: Callable[[], Read] | None = None
    subject: Subject | None = PATIENT
    telling: Callable[[Connection, Collection[uuid.UUID]], AbstractContextManager[None]] | None = None
    has_room_for: Callable[[dict[str, Any]], bool] = lambda _resource: True
    name_visits: Callable[[Mapping[uuid.UUID, uuid.UUID]], None] | None = None


TAKERS: Mapping[str, Taker] = {
    "Patient": Taker(
        object_type="patient",
        read=read_patient,
        add=imports.import_patients,
        change=lambda patient_id, changes, _before: imports.change_imported_patient(patient_id=patient_id, **changes),
        subject=None,
    ),
    "Practitioner": Taker(
        object_type="doctor",
        read=read_practitioner,
        add=doctors.import_doctors,
        change=lambda doctor_id, changes, _before: doctors.change_imported_doctor(doctor_id=doctor_id, **changes),
        subject=None,
    ),
    "PractitionerRole": Taker(
        object_type="doctor",
        read=roles.read,
        reader=roles.reader,
        add=lambda rows: [row["doctor_id"] for row in rows],
        change=lambda _doctor_id, _changes, _before: True,
        void=lambda _doctor_id, _before: None,
        subject=DOCTOR,
        telling=roles.telling,
    ),
    "Encounter": Taker(
        object_type="visit",
        read=read_encounter,
        add=visits.import_visits,
        change=lambda visit_id, changes, _before: visits.change_imported_visit(visit_id=visit_id, **changes),
        void=lambda visit_id, _before: visits.void_imported_visit(visit_id),
    ),
    "AllergyIntolerance": Taker(
        object_type="allergy",
        read=read_allergy,
        add=imports.import_allergies,
        change=lambda allergy_id, changes, _: imports.change_imported_allergy(allergy_id=allergy_id, **changes),
        void=lambda allergy_id, _before: imports.void_imported(model=Allergy, entry_id=allergy_id),
    ),
    "Condition": Taker(
        object_type="condition",
        read=read_condition,
        add=conditions.add,
        change=lambda condition_id, changes, _before: conditions.change(condition_id, changes),
        void=lambda condition_id, _before: conditions.void(condition_id),
        name_visits=conditions.name_visits,
    ),
    "Observation": Taker(
        object_type="vital_set",
        read=read_vitals,
        add=vitals.import_vitals,
        change=lambda set_id, changes, before: vitals.change_imported_vitals(set_id=set_id, before=before, **changes),
        void=vitals.void_imported_vitals,
        has_room_for=is_vital_sign,
        name_visits=lambda named: imports.name_visits(VitalSet, named),
    ),
    "Procedure": Taker(
        object_type="procedure",
        read=read_procedure,
        add=procedures.import_procedures,
        change=lambda one, changes, before: procedures.change_imported_procedure(
            procedure_id=one, before=before, **changes
        ),
        void=lambda one, _before: procedures.void_imported_procedure(one),
        name_visits=lambda named: imports.name_visits(Procedure, named),
    ),
    "Immunization": Taker(
        object_type="immunization",
        read=read_immunization,
        add=vaccines.import_doses,
        change=lambda one, changes, _: vaccines.change_imported_dose(vaccine_id=one, **changes),
        void=lambda one, _before: vaccines.void_imported_dose(one),
        name_visits=lambda named: imports.name_visits(Immunization, named),
    ),
}
