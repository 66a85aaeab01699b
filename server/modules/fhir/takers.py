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
from server.modules.fhir import roles
from server.modules.fhir.mapping import Mapped, read_allergy, read_condition, read_patient, read_practitioner
from server.modules.fhir.models import Reason
from server.modules.patients.models import Allergy, Condition
from server.modules.patients.service import imports

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
    `change` returns whether the change was taken over; `reader` makes a `read` for many, which looks things up once.
    What only tells of its subject becomes nothing of its own, and is that subject's object: `telling` is entered with
    the ids of those subjects before the resources are stored, and left when they are.
    """

    object_type: str
    read: Read
    add: Callable[[Sequence[Fields]], Sequence[uuid.UUID | None]]
    change: Callable[[uuid.UUID, Fields], bool]
    void: Callable[[uuid.UUID], None] | None = None
    reader: Callable[[], Read] | None = None
    subject: Subject | None = PATIENT
    telling: Callable[[Connection, Collection[uuid.UUID]], AbstractContextManager[None]] | None = None


TAKERS: Mapping[str, Taker] = {
    "Patient": Taker(
        object_type="patient",
        read=read_patient,
        add=imports.import_patients,
        change=lambda patient_id, changes: imports.change_imported_patient(patient_id=patient_id, **changes),
        subject=None,
    ),
    "Practitioner": Taker(
        object_type="doctor",
        read=read_practitioner,
        add=doctors.import_doctors,
        change=lambda doctor_id, changes: doctors.change_imported_doctor(doctor_id=doctor_id, **changes),
        subject=None,
    ),
    "PractitionerRole": Taker(
        object_type="doctor",
        read=roles.read,
        reader=roles.reader,
        add=lambda rows: [row["doctor_id"] for row in rows],
        change=lambda _doctor_id, _changes: True,
        void=lambda _doctor_id: None,
        subject=DOCTOR,
        telling=roles.telling,
    ),
    "AllergyIntolerance": Taker(
        object_type="allergy",
        read=read_allergy,
        add=imports.import_allergies,
        change=lambda allergy_id, changes: imports.change_imported_allergy(allergy_id=allergy_id, **changes),
        void=lambda allergy_id: imports.void_imported(model=Allergy, entry_id=allergy_id),
    ),
    "Condition": Taker(
        object_type="condition",
        read=read_condition,
        add=imports.import_conditions,
        change=lambda condition_id, changes: imports.change_imported_condition(condition_id=condition_id, **changes),
        void=lambda condition_id: imports.void_imported(model=Condition, entry_id=condition_id),
    ),
}
