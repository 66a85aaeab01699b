"""Book an appointment."""

from __future__ import annotations

import os
import uuid
from datetime import datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, HTTPException, Request
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.peer_fastapi.audit import record
from benchmarks.peer_fastapi.calendar import (
    Appointment,
    AppointmentEvent,
    CareRelation,
    Doctor,
    Holiday,
    Notification,
    NotificationPreference,
    OutboxMessage,
    TakenInterval,
    TimeOff,
    Window,
)
from benchmarks.peer_fastapi.database import Session
from benchmarks.peer_fastapi.models import Patient, now
from benchmarks.peer_fastapi.schemas import Envelope, Out
from benchmarks.peer_fastapi.security import Booker, User

HORIZON = timedelta(days=180)
CLINIC_ZONE = ZoneInfo(os.environ.get("CLINIC_TIMEZONE", "UTC"))
KIND = "appointment_booked"

router = APIRouter(prefix="/appointments", tags=["appointments"])


class AppointmentIn(BaseModel):
    """What is asked for."""

    patient_id: uuid.UUID
    doctor_id: uuid.UUID
    starts_at: AwareDatetime
    duration_minutes: int | None = Field(None, ge=5, le=480)
    type: Literal["consultation", "follow_up", "procedure", "telehealth", "vaccination"] = "consultation"
    reason: str | None = Field(None, max_length=5000)
    notes: str | None = Field(None, max_length=5000)
    location: str | None = Field(None, max_length=200)


class DoctorRef(Out):
    """A doctor, named."""

    id: uuid.UUID
    name: str


class PatientRef(DoctorRef):
    """A patient, named."""

    mrn: str


class AppointmentOut(Out):
    """An appointment."""

    id: uuid.UUID
    created_at: datetime
    updated_at: datetime
    version: int
    patient: PatientRef
    doctor: DoctorRef
    patient_id: uuid.UUID
    doctor_id: uuid.UUID
    patient_name: str
    doctor_name: str
    starts_at: datetime
    ends_at: datetime
    duration_minutes: int
    local_start: str
    status: str
    type: str
    location: str | None
    queue_number: int | None
    checked_in_at: datetime | None
    begun_at: datetime | None
    completed_at: datetime | None
    series_id: uuid.UUID | None
    visit_id: uuid.UUID | None
    cancelled: dict[str, Any] | None = None
    reason: str | None
    notes: str | None
    override_reason: str | None


@router.post("", response_model=Envelope[AppointmentOut], status_code=201)
async def book(body: AppointmentIn, request: Request, user: Booker, session: Session) -> dict[str, Any]:
    """Book a time with a doctor for a patient."""
    doctor = await session.get(Doctor, body.doctor_id)
    patient = await session.get(Patient, body.patient_id)
    if doctor is None or patient is None or patient.status != "active":
        raise HTTPException(422, "validation_failed")
    zone = ZoneInfo(doctor.timezone) if doctor.timezone else CLINIC_ZONE
    ends_at = body.starts_at + timedelta(minutes=body.duration_minutes or doctor.default_duration_minutes or 30)
    await require_available(session, doctor, body.starts_at, ends_at, zone)
    appointment = Appointment(
        patient_id=patient.id,
        doctor_id=doctor.id,
        starts_at=body.starts_at,
        ends_at=ends_at,
        type=body.type,
        reason=body.reason,
        notes=body.notes,
        location=body.location,
        booked_by=user.id,
        search_text=(body.reason or "").casefold(),
    )
    try:
        session.add(appointment)
        await session.flush()
        session.add(
            TakenInterval(
                doctor_id=doctor.id,
                patient_id=patient.id,
                busy_from=body.starts_at,
                busy_to=ends_at,
                starts_at=body.starts_at,
                ends_at=ends_at,
                appointment_id=appointment.id,
            )
        )
        await session.flush()
    except IntegrityError:
        raise HTTPException(409, "slot_taken") from None
    add_event(session, appointment, user)
    add_relations(session, appointment, doctor, zone)
    await tell(session, appointment, doctor, patient, zone)
    await record(
        session,
        request,
        user,
        "appointments.book",
        object_type="appointment",
        object_id=appointment.id,
        patient_id=patient.id,
    )
    return {"data": shown(appointment, doctor, patient, zone), "message": "Appointment booked."}


async def require_available(
    session: AsyncSession, doctor: Doctor, starts_at: datetime, ends_at: datetime, zone: ZoneInfo
) -> None:
    """Raise 409 unless the doctor works then and the clinic is open."""
    local, local_end = starts_at.astimezone(zone), ends_at.astimezone(zone)
    day, begins = local.date(), local.hour * 60 + local.minute
    ends = begins + int((local_end - local).total_seconds() // 60)
    is_ahead = now() <= starts_at <= now() + HORIZON
    window = await session.scalar(
        select(Window).where(
            Window.doctor_id == doctor.id,
            Window.weekday == day.weekday(),
            Window.start_minute <= begins,
            Window.end_minute >= ends,
            or_(Window.valid_from.is_(None), Window.valid_from <= day),
            or_(Window.valid_to.is_(None), Window.valid_to >= day),
        )
    )
    leave = await session.scalar(
        select(TimeOff).where(TimeOff.doctor_id == doctor.id, TimeOff.starts_at < ends_at, TimeOff.ends_at > starts_at)
    )
    holiday = await session.scalar(select(Holiday).where(Holiday.held_on == day))
    if not is_ahead or doctor.status != "active" or window is None or leave is not None or holiday is not None:
        raise HTTPException(409, "not_available")


def add_event(session: AsyncSession, appointment: Appointment, user: User) -> None:
    """Write the history."""
    session.add(
        AppointmentEvent(
            appointment_id=appointment.id,
            actor_id=user.id,
            to_status=appointment.status,
            to_starts_at=appointment.starts_at,
            to_doctor_id=appointment.doctor_id,
        )
    )


def add_relations(session: AsyncSession, appointment: Appointment, doctor: Doctor, zone: ZoneInfo) -> None:
    """Open the chart to the doctor, and on the day to nurses and technicians."""
    day = datetime.combine(appointment.starts_at.astimezone(zone).date(), time(), zone)
    whose = {"patient_id": appointment.patient_id, "source_id": appointment.id}
    session.add(
        CareRelation(**whose, audience="nurses and technicians", starts_at=day, ends_at=day + timedelta(days=1))
    )
    if doctor.user_id is not None:
        session.add(CareRelation(**whose, user_id=doctor.user_id, starts_at=now()))


async def tell(
    session: AsyncSession, appointment: Appointment, doctor: Doctor, patient: Patient, zone: ZoneInfo
) -> None:
    """Tell the doctor as they wish it, and write to the patient."""
    local = appointment.starts_at.astimezone(zone)
    when = f"{local:%A}, {local.day} {local:%B %Y, %H:%M} {local:%Z}"
    details = {
        "when": when,
        "about": KIND,
        "appointment_id": str(appointment.id),
        "doctor_id": str(doctor.id),
        "starts_at": appointment.starts_at.isoformat(),
    }
    if doctor.user_id is not None:
        wish = await session.get(NotificationPreference, (doctor.user_id, KIND))
        notification = Notification(
            user_id=doctor.user_id,
            kind=KIND,
            source_type="appointment",
            source_id=appointment.id,
            title=f"Appointment booked: {when}",
            body="An appointment was booked.",
            hidden_at=None if wish is None or wish.in_app else now(),
        )
        session.add(notification)
        await session.flush()
        if wish is None or wish.email:
            key = f"notice:{notification.id}"
            session.add(OutboxMessage(kind="appointment", subject_id=doctor.user_id, details=details, dedupe_key=key))
    if patient.user_id is None and patient.email:
        key = f"appointment_letter:{KIND}:{appointment.id}:1"
        session.add(
            OutboxMessage(kind="appointment_letter", subject_id=appointment.id, details=details, dedupe_key=key)
        )


def shown(appointment: Appointment, doctor: Doctor, patient: Patient, zone: ZoneInfo) -> AppointmentOut:
    """Return what is answered."""
    return AppointmentOut(
        **{name: getattr(appointment, name) for name in AppointmentOut.model_fields if hasattr(appointment, name)},
        patient=PatientRef.model_validate(patient),
        doctor=DoctorRef.model_validate(doctor),
        patient_name=patient.name,
        doctor_name=doctor.name,
        duration_minutes=int((appointment.ends_at - appointment.starts_at).total_seconds() // 60),
        local_start=appointment.starts_at.astimezone(zone).isoformat(),
    )
