"""What this module shows of a patient in the timeline and in the summary."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from sqlalchemy import ScalarSelect, Select, case, func, literal, or_, select
from sqlalchemy.sql import ColumnElement

from server.modules.doctors.models import Doctor
from server.modules.medications.models import Medication
from server.modules.patients.shown import add_events, add_section, event, on_day
from server.modules.prescriptions.enums import PrescriptionStatus, Source
from server.modules.prescriptions.models import Prescription, PrescriptionItem
from server.modules.prescriptions.queries.prescriptions import active_of


def install() -> None:
    """Register the events and the section of this module."""
    is_written = Prescription.status.not_in((PrescriptionStatus.DRAFT, PrescriptionStatus.ENTERED_IN_ERROR))
    is_stopped = or_(
        *(Prescription.status == one for one in (PrescriptionStatus.STOPPED, PrescriptionStatus.CANCELLED))
    )
    # One that was imported is active from the day on which it was written, wherever that was.
    begun = case(
        (Prescription.source == Source.IMPORTED, on_day(Prescription.date_prescribed)),
        else_=func.coalesce(Prescription.activated_at, Prescription.created_at),
    )
    add_events("prescription", _events("prescription", begun, is_written))
    ended = Prescription.ended_at.is_not(None) & is_stopped & Prescription.activated_at.is_not(None)
    add_events("prescription_stopped", _events("prescription_stopped", Prescription.ended_at, ended))
    add_section("active_prescriptions", active_of)


def _events(kind: str, at: Any, condition: ColumnElement[bool]) -> Callable[[uuid.UUID], Select[Any]]:
    def source(patient_id: uuid.UUID) -> Select[Any]:
        return (
            event(
                at=at,
                kind=kind,
                object_type="prescription",
                object_id=Prescription.id,
                title=_medications(),
                doctor_id=Doctor.id,
                doctor_name=Doctor.first_name + " " + Doctor.last_name,
            )
            .select_from(Prescription)
            .outerjoin(Doctor, Doctor.id == Prescription.doctor_id)
            .where(Prescription.patient_id == patient_id, condition)
        )

    return source


def _medications() -> ColumnElement[str]:
    """Return the name of the first medication, and how many more there are."""
    first = (
        select(Medication.name)
        .join(PrescriptionItem, PrescriptionItem.medication_id == Medication.id)
        .where(PrescriptionItem.prescription_id == Prescription.id, PrescriptionItem.position == 0)
    )
    more: ScalarSelect[int] = (
        select(func.count(PrescriptionItem.id) - 1)
        .where(PrescriptionItem.prescription_id == Prescription.id)
        .correlate(Prescription)
        .scalar_subquery()
    )
    name = func.coalesce(first.correlate(Prescription).scalar_subquery(), Prescription.rx_number)
    return name + case((more > 0, literal(" and others")), else_=literal(""))
