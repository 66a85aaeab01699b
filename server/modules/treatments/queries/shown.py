"""What this module shows of a patient in the timeline and in the summary."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from sqlalchemy import Select

from server.modules.doctors.models import Doctor
from server.modules.patients.shown import add_events, add_section, event
from server.modules.treatments.enums import TreatmentStatus
from server.modules.treatments.models import Treatment
from server.modules.treatments.queries.treatments import open_of


def install() -> None:
    """Register the events and the section of this module."""
    add_events("treatment", _completed)
    add_section("open_treatments", partial(open_of, as_patient=False), for_patients=partial(open_of, as_patient=True))


def _completed(patient_id: uuid.UUID) -> Select[Any]:
    return (
        event(
            at=Treatment.completed_at,
            kind="treatment",
            object_type="treatment",
            object_id=Treatment.id,
            title=Treatment.name,
            doctor_id=Doctor.id,
            doctor_name=Doctor.first_name + " " + Doctor.last_name,
        )
        .outerjoin(Doctor, Doctor.id == Treatment.doctor_id)
        .where(Treatment.patient_id == patient_id, Treatment.status == TreatmentStatus.COMPLETED)
    )
