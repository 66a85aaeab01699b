"""Open a patient's chart to those who will see them: the doctor, and on the day nurses and technicians."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from server.core import clock
from server.core.db import db
from server.core.ids import new_id
from server.modules.appointments.calendar.spans import day_stretch, local_day
from server.modules.appointments.enums import LIVE
from server.modules.appointments.models import Appointment
from server.modules.doctors.models import Doctor
from server.modules.patients.enums import RelationSource
from server.modules.patients.service import care

_ON_THE_DAY = "nurses and technicians"


def begin(appointment: Appointment, *, doctor_user_id: uuid.UUID | None, zone: ZoneInfo) -> None:
    """Open the chart to the doctor from now on, and to nurses and technicians on the appointment's local day."""
    since, until = day_stretch(zone, local_day(zone, appointment.starts_at))
    rows = [_row(appointment.patient_id, appointment.id, audience=_ON_THE_DAY, starts_at=since, ends_at=until)]
    if doctor_user_id is not None:
        rows.append(_row(appointment.patient_id, appointment.id, user_id=doctor_user_id, starts_at=clock.now()))
    care.relate_all(rows)


def opened_by(starts_at: datetime, doctor_user_id: uuid.UUID | None, zone: ZoneInfo) -> dict[str, Any]:
    """Return the parameters by which a new booking opens the chart as `begin` does, in the statement that books."""
    since, until = day_stretch(zone, local_day(zone, starts_at))
    return {
        "day_relation_id": new_id(),
        "audience": _ON_THE_DAY,
        "day_since": since,
        "day_until": until,
        "doctor_relation_id": new_id(),
        "doctor_user_id": doctor_user_id,
    }


def end(*appointment_ids: uuid.UUID) -> None:
    """Close what appointments have opened."""
    care.end_all(source=RelationSource.APPOINTMENT, source_ids=appointment_ids)


def follow(appointment: Appointment, *, doctor_user_id: uuid.UUID | None, zone: ZoneInfo) -> None:
    """Have the relations go by an appointment's new doctor and day."""
    end(appointment.id)
    begin(appointment, doctor_user_id=doctor_user_id, zone=zone)


def follow_account(_sender: object, *, doctor: Doctor) -> None:
    """Open the charts of a doctor's live appointments to their new account, and close them to the one before."""
    of_doctor = select(Appointment.id, Appointment.patient_id).where(
        Appointment.doctor_id == doctor.id, Appointment.status.in_(LIVE)
    )
    live = db.session.execute(of_doctor).all()
    care.end_all(source=RelationSource.APPOINTMENT, source_ids=[row.id for row in live], of_users=True)
    if doctor.user_id is not None:
        now = clock.now()
        care.relate_all([_row(row.patient_id, row.id, user_id=doctor.user_id, starts_at=now) for row in live])


def _row(
    patient_id: uuid.UUID,
    appointment_id: uuid.UUID,
    *,
    starts_at: datetime,
    ends_at: datetime | None = None,
    user_id: uuid.UUID | None = None,
    audience: str | None = None,
) -> dict[str, Any]:
    return {
        "patient_id": patient_id,
        "source": RelationSource.APPOINTMENT,
        "source_id": appointment_id,
        "user_id": user_id,
        "audience": audience,
        "starts_at": starts_at,
        "ends_at": ends_at,
    }
