"""Rules of taking doctors over from elsewhere: without an account, and general practitioners unless more is said."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import select

from server.core.db import db
from server.core.ids import new_id
from server.core.text import fold_key
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


def specialties_by_name() -> dict[str, str]:
    """Return the codes of specialties by what they are called: code and name, folded."""
    by_name: dict[str, str] = {}
    for code, name in db.session.execute(select(Specialty.code, Specialty.name).order_by(Specialty.code)):
        by_name |= dict.fromkeys(_keys(code, name), code)
    return by_name


@lru_cache(maxsize=1024)
def _keys(code: str, name: str) -> tuple[str, ...]:
    return tuple(map(fold_key, (name, code.replace("_", " ").replace("-", " "), code)))


def change_imported_specialties(told: Mapping[uuid.UUID, tuple[set[str], set[str]]]) -> None:
    """Give doctors the specialties that the source tells now and did not before, and take those that it no longer does.

    What people changed here stays otherwise. General practice that nobody spoke of gives way to what is told first, and
    returns where nothing would be left.
    """
    news = {doctor_id: (before, after) for doctor_id, (before, after) in told.items() if before != after}
    if not news:
        return
    codes = {row.id: row.code for row in db.session.execute(select(Specialty.id, Specialty.code))}
    stmt = select(Doctor).where(Doctor.id.in_(news)).order_by(Doctor.id).with_for_update()
    doctors = db.session.scalars(stmt.execution_options(populate_existing=True)).all()
    with db.session.no_autoflush:  # all of them are written at once
        for doctor in doctors:
            before, after = news[doctor.id]
            held = {codes[row.specialty_id] for row in doctor.specialty_rows}
            if not before and held == {GENERAL_PRACTICE}:
                held = set()
            held = (held - (before - after)) | (after - before)
            if not held and GENERAL_PRACTICE in codes.values():
                held = {GENERAL_PRACTICE}
            write(doctor, {"specialties": sorted(held)})
    db.session.flush()
