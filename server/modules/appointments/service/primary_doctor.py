"""Hold primary doctors to those who see patients: the rooms of patients and of doctors do not know each other."""

from __future__ import annotations

from sqlalchemy import select

from server.core.db import db
from server.core.errors import refused
from server.modules.doctors.enums import DoctorStatus
from server.modules.doctors.models import Doctor
from server.modules.patients.models import Patient


def require_active(_sender: object, *, patient: Patient) -> None:
    """Refuse a primary doctor who is not there or sees nobody."""
    is_active = select(Doctor.id).where(Doctor.id == patient.primary_doctor_id, Doctor.status == DoctorStatus.ACTIVE)
    # The patient is not stored yet: asked through the session, it would be, and the foreign key refuse it first.
    if db.session.connection().execute(is_active).first() is None:
        raise refused("primary_doctor_id", why="There is no active doctor with this id.")
