"""Name the rooms that take resources in, ground first; a new module adds one entry.

On the next import the resources of that type that were kept until then are offered to the new room too.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.modules.doctors.service import imports as doctors
from server.modules.fhir.mapping import Mapped, read_allergy, read_condition, read_patient, read_practitioner
from server.modules.patients.models import Allergy, Condition
from server.modules.patients.service import imports

Fields = dict[str, Any]


@dataclass(frozen=True)
class Taker:
    """How resources of one type become ours.

    Rows of what `is_of_a_patient` carry a `patient_id`; `add` returns an id for each row, or None where ours has it
    already; `change` returns whether the change was taken over.
    """

    object_type: str
    read: Callable[[dict[str, Any]], Mapped]
    add: Callable[[Sequence[Fields]], Sequence[uuid.UUID | None]]
    change: Callable[[uuid.UUID, Fields], bool]
    void: Callable[[uuid.UUID], None] | None = None
    is_of_a_patient: bool = True


TAKERS: Mapping[str, Taker] = {
    "Patient": Taker(
        object_type="patient",
        read=read_patient,
        add=imports.import_patients,
        change=lambda patient_id, changes: imports.change_imported_patient(patient_id=patient_id, **changes),
        is_of_a_patient=False,
    ),
    "Practitioner": Taker(
        object_type="doctor",
        read=read_practitioner,
        add=doctors.import_doctors,
        change=lambda doctor_id, changes: doctors.change_imported_doctor(doctor_id=doctor_id, **changes),
        is_of_a_patient=False,
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
