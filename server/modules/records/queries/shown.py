"""What records show in a patient's timeline: that one was written, released, or that the patient wrote one."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Select, and_, func
from sqlalchemy.sql import ColumnElement

from server.modules.doctors.models import Doctor
from server.modules.patients.shown import add_events, event
from server.modules.patients.told import name_kind
from server.modules.records.enums import RecordStatus
from server.modules.records.models import MedicalRecord, RecordVersion
from server.modules.visits.enums import Source

_DOCTOR_NAME = Doctor.first_name + " " + Doctor.last_name
_by_patient = MedicalRecord.source == Source.PATIENT
_by_clinic = MedicalRecord.source != Source.PATIENT


def install() -> None:
    """Register the events of records, and what patients call them."""
    name_kind("records", "Medical records")
    add_events("record_released", _events("record_released", MedicalRecord.released_at, "Record", _by_clinic))
    add_events("own_record", _events("own_record", MedicalRecord.created_at, "Own entry", _by_patient))
    add_events("record_written", _written, for_staff=True)


def _written(patient_id: uuid.UUID) -> Select[Any]:
    """Select what clinicians wrote, by what it says now."""
    says = and_(RecordVersion.record_id == MedicalRecord.id, RecordVersion.number == MedicalRecord.number)
    return (
        event(
            at=MedicalRecord.created_at,
            kind="record_written",
            object_type="record",
            object_id=MedicalRecord.id,
            title=func.coalesce(RecordVersion.diagnosis_display, "Record"),
            doctor_id=Doctor.id,
            doctor_name=_DOCTOR_NAME,
        )
        .select_from(MedicalRecord)
        .join(RecordVersion, says)
        .outerjoin(Doctor, Doctor.id == MedicalRecord.doctor_id)
        .where(
            MedicalRecord.patient_id == patient_id, MedicalRecord.status != RecordStatus.ENTERED_IN_ERROR, _by_clinic
        )
    )


def _events(kind: str, at: Any, title: str, which: ColumnElement[bool]) -> Any:
    """Return the source of one kind of event: of what the patient sees, so that nobody reads more in its title."""

    def source(patient_id: uuid.UUID) -> Select[Any]:
        shown = and_(RecordVersion.record_id == MedicalRecord.id, RecordVersion.number == MedicalRecord.released_number)
        return (
            event(
                at=at,
                kind=kind,
                object_type="record",
                object_id=MedicalRecord.id,
                title=func.coalesce(RecordVersion.diagnosis_display, title),
                doctor_id=Doctor.id,
                doctor_name=_DOCTOR_NAME,
            )
            .select_from(MedicalRecord)
            .join(RecordVersion, shown)
            .outerjoin(Doctor, Doctor.id == MedicalRecord.doctor_id)
            .where(MedicalRecord.patient_id == patient_id, MedicalRecord.status == RecordStatus.RELEASED, which)
        )

    return source
