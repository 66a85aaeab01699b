"""By whose rules a time is asked for, and whose appointments a caller reaches to change."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select

from server.core import clock, state, trail as trails
from server.core.access import Actor, Permission, Scope
from server.core.db import db
from server.core.errors import NotFound
from server.modules.appointments.calendar.facts import Door
from server.modules.appointments.models import Appointment
from server.modules.appointments.policies import Perm, has_own_calendar, visible
from server.modules.doctors.models import Doctor
from server.modules.patients.models import Patient

_REACHED: tuple[Any, ...] = (
    *(Appointment.doctor_id, Appointment.patient_id),
    *(Doctor.user_id, Doctor.timezone, Patient.user_id),
)


def staff_door() -> Door:
    """Return the rules for staff: at once, and at any minute of the hours."""
    return Door(clock.now(), 0, state.settings().booking_horizon_days, on_grid=False)


def patient_door() -> Door:
    """Return the rules for patients and who books for them: some time ahead, and listed starts only."""
    settings = state.settings()
    return Door(clock.now(), settings.booking_lead_minutes, settings.booking_horizon_days, on_grid=True)


def is_own_calendar(actor: Actor | None, doctor_user_id: uuid.UUID | None) -> bool:
    """Whether the actor is the doctor whose calendar this is, and still works as one."""
    return actor is not None and actor.user_id == doctor_user_id and has_own_calendar(actor)


def is_staff(actor: Actor | None, doctor_user_id: uuid.UUID | None) -> bool:
    """Whether the actor books in this calendar as the clinic does; None is the system."""
    return actor is None or Scope.ALL in actor.scopes(Perm.BOOK) or is_own_calendar(actor, doctor_user_id)


def door_for(*, actor: Actor | None, doctor_user_id: uuid.UUID | None) -> Door:
    """Return by whose rules the actor books in this calendar."""
    return staff_door() if is_staff(actor, doctor_user_id) else patient_door()


def may_override(actor: Actor | None, doctor_user_id: uuid.UUID | None) -> bool:
    """Whether the actor may book outside the rules of this calendar."""
    if actor is None or Scope.ALL in actor.scopes(Perm.OVERRIDE):
        return True
    return actor.can(Perm.OVERRIDE) and is_own_calendar(actor, doctor_user_id)


@dataclass(frozen=True, slots=True)
class Reached:
    """An appointment that a permission reaches: whose it is, and whether as staff."""

    id: uuid.UUID
    doctor_id: uuid.UUID
    patient_id: uuid.UUID
    doctor_user_id: uuid.UUID | None
    zone: ZoneInfo
    is_staff: bool
    is_provider: bool


def reach(actor: Actor | None, permission: Permission, appointment_id: uuid.UUID) -> Reached:
    """Return an appointment that the permission reaches, not yet locked, or raise `NotFound`."""
    stmt: Select[Any] = (
        select(*_REACHED)
        .join(Doctor, Doctor.id == Appointment.doctor_id)
        .join(Patient, Patient.id == Appointment.patient_id)
        .where(Appointment.id == appointment_id)
    )
    if actor is not None:
        stmt = visible(stmt, actor, permission)
    row = db.session.execute(stmt).first()
    if row is None:
        raise NotFound
    doctor_id, patient_id, doctor_user_id, timezone, patient_user_id = row
    as_staff = is_staff(actor, doctor_user_id)
    trails.current().about(appointment_id, patient_id=patient_id)
    if actor is not None and not as_staff and patient_user_id != actor.user_id:
        trails.current().seen_for(patient_id)
    return Reached(
        id=appointment_id,
        doctor_id=doctor_id,
        patient_id=patient_id,
        doctor_user_id=doctor_user_id,
        zone=ZoneInfo(timezone) if timezone else clock.clinic_zone(),
        is_staff=as_staff,
        is_provider=is_own_calendar(actor, doctor_user_id),
    )


def locked(appointment_id: uuid.UUID) -> Appointment:
    """Return an appointment as it is now; nobody else changes it until the unit of work ends."""
    return db.session.get_one(Appointment, appointment_id, with_for_update=True, populate_existing=True)


def lock_doctors(*doctor_ids: uuid.UUID) -> None:
    """Have others who move, check in or change hours in these calendars wait; always before appointments are locked."""
    wanted = sorted(set(doctor_ids))
    stmt = select(Doctor.id).where(Doctor.id.in_(wanted)).order_by(Doctor.id)
    db.session.execute(stmt.with_for_update(key_share=True)).all()
