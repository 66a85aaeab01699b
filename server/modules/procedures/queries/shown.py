"""What this module shows of a patient in the timeline and in the summary."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy import Select

from server.modules.doctors.models import Doctor
from server.modules.patients.shown import add_events, add_section, event
from server.modules.procedures.enums import ProcedureStatus
from server.modules.procedures.models import Procedure
from server.modules.procedures.queries.procedures import open_of


def install() -> None:
    """Register the events and the section of this module."""
    add_events("procedure", _events("procedure", Procedure.performed_at, ProcedureStatus.PERFORMED))
    add_events("procedure_ordered", _events("procedure_ordered", Procedure.created_at, ProcedureStatus.ORDERED))
    add_section("open_procedures", partial(open_of, as_patient=False), for_patients=partial(open_of, as_patient=True))


def _events(kind: str, at: Any, status: ProcedureStatus) -> Callable[[uuid.UUID], Select[Any]]:
    def source(patient_id: uuid.UUID) -> Select[Any]:
        return (
            event(
                at=at,
                kind=kind,
                object_type="procedure",
                object_id=Procedure.id,
                title=Procedure.name,
                doctor_id=Doctor.id,
                doctor_name=Doctor.first_name + " " + Doctor.last_name,
            )
            .select_from(Procedure)
            .outerjoin(Doctor, Doctor.id == Procedure.doctor_id)
            .where(Procedure.patient_id == patient_id, Procedure.status == status)
        )

    return source
