"""What this module shows of a patient in the timeline and in the summary."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Select, case

from server.core import clock
from server.modules.doctors.models import Doctor
from server.modules.patients.enums import ENTERED_IN_ERROR
from server.modules.patients.shown import add_events, add_section, event, on_day
from server.modules.vaccines.enums import VaccineStatus
from server.modules.vaccines.models import Immunization
from server.modules.vaccines.queries.due import due_of, fields_of
from server.modules.visits.models import Visit

# What a visit may well see to.
_SOON = timedelta(days=30)
_TITLE = case(
    (Immunization.status == VaccineStatus.NOT_DONE, "Not given: " + Immunization.name), else_=Immunization.name
)


def install() -> None:
    """Register the events and the section of this module."""
    add_events("vaccine", _events)
    add_section("due_vaccines", _due)


def _events(patient_id: uuid.UUID) -> Select[Any]:
    return (
        event(
            at=on_day(Immunization.administered_on),
            kind="vaccine",
            object_type="immunization",
            object_id=Immunization.id,
            title=_TITLE,
            doctor_id=Doctor.id,
            doctor_name=Doctor.first_name + " " + Doctor.last_name,
        )
        .select_from(Immunization)
        .outerjoin(Visit, Visit.id == Immunization.visit_id)
        .outerjoin(Doctor, Doctor.id == Visit.doctor_id)
        .where(Immunization.patient_id == patient_id, Immunization.status != ENTERED_IN_ERROR)
    )


def _due(connection: Connection, patient_id: uuid.UUID) -> list[dict[str, Any]]:
    """Return the groups in which a dose is due by now or soon, the most overdue first; an aid."""
    soon = clock.today() + _SOON
    due = [one for one in due_of(connection, patient_id) if one.recommended_on and one.recommended_on <= soon]
    return [fields_of(one) for one in sorted(due, key=lambda one: (one.recommended_on or soon, one.vaccine_group))]
