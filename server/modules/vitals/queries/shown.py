"""What this module shows of a patient in the timeline and in the summary."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Select

from server.modules.doctors.models import Doctor
from server.modules.patients.shown import add_events, add_section, event
from server.modules.patients.told import name_kind
from server.modules.visits.models import Visit
from server.modules.vitals.enums import MeasurementStatus
from server.modules.vitals.models import VitalSet
from server.modules.vitals.queries.series import latest_of


def install() -> None:
    """Register the events and the section of this module."""
    name_kind("vitals", "Vital signs")
    add_events("vitals", _taken)
    add_section("vitals", latest_of)


def _taken(patient_id: uuid.UUID) -> Select[Any]:
    return (
        event(
            at=VitalSet.measured_at,
            kind="vitals",
            object_type="vital_set",
            object_id=VitalSet.id,
            title="Vital signs",
            doctor_id=Doctor.id,
            doctor_name=Doctor.first_name + " " + Doctor.last_name,
        )
        .select_from(VitalSet)
        .outerjoin(Visit, Visit.id == VitalSet.visit_id)
        .outerjoin(Doctor, Doctor.id == Visit.doctor_id)
        .where(VitalSet.patient_id == patient_id, VitalSet.status == MeasurementStatus.FINAL)
    )
