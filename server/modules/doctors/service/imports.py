"""Rules of taking doctors over from elsewhere: without an account, and general practitioners unless more is said."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from server.core.db import db
from server.core.ids import new_id
from server.modules.doctors.models import Doctor, DoctorSpecialty, Specialty
from server.modules.doctors.service.profiles import write
from server.modules.doctors.service.specialties import GENERAL_PRACTICE

Fields = Mapping[str, Any]


def import_doctors(rows: Sequence[Fields]) -> list[uuid.UUID]:
    """Store new doctors and return their ids in the same order; ids that the other side gave are kept where free."""
    if not rows:
        return []
    wished = [row["id"] for row in rows if row.get("id")]
    taken = set(db.session.scalars(select(Doctor.id).where(Doctor.id.in_(wished))))
    general = db.session.scalar(select(Specialty.id).where(Specialty.code == GENERAL_PRACTICE))
    doctors = []
    for row in rows:
        wish = row.get("id")
        doctor = Doctor(id=wish if wish and wish not in taken else new_id())
        taken.add(doctor.id)
        write(doctor, {name: value for name, value in row.items() if name != "id"})
        doctor.specialty_rows = [DoctorSpecialty(specialty_id=general)] if general else []
        doctors.append(doctor)
    db.session.add_all(doctors)
    db.session.flush()
    return [doctor.id for doctor in doctors]


def change_imported_doctor(*, doctor_id: uuid.UUID, **changes: Any) -> bool:
    """Write what changed at the source; who sees patients here is decided here, so the status stays."""
    doctor = db.session.get_one(Doctor, doctor_id, with_for_update=True)
    write(doctor, {name: value for name, value in changes.items() if name != "status"})
    db.session.flush()
    return True
