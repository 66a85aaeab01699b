"""The tables that a booking reads and writes, as entities."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from benchmarks.peer_fastapi.models import Base, now


class Row:
    """A key, and when the row was made and changed."""

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
    version: Mapped[int] = mapped_column(default=1)


class Doctor(Row, Base):
    """A doctor."""

    __tablename__ = "doctors"

    user_id: Mapped[uuid.UUID | None]
    first_name: Mapped[str]
    last_name: Mapped[str]
    timezone: Mapped[str | None]
    default_duration_minutes: Mapped[int | None]
    status: Mapped[str]

    @property
    def name(self) -> str:
        """Both names."""
        return f"{self.first_name} {self.last_name}"


class Window(Row, Base):
    """Weekly hours."""

    __tablename__ = "availability_windows"

    doctor_id: Mapped[uuid.UUID]
    weekday: Mapped[int]
    start_minute: Mapped[int]
    end_minute: Mapped[int]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]


class TimeOff(Row, Base):
    """A doctor's leave."""

    __tablename__ = "time_off"

    doctor_id: Mapped[uuid.UUID]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]


class Holiday(Base):
    """A date on which nobody sees patients."""

    __tablename__ = "clinic_holidays"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    held_on: Mapped[date]


class Appointment(Row, Base):
    """An appointment."""

    __tablename__ = "appointments"

    patient_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("patients.id"))
    doctor_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("doctors.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(default="scheduled")
    type: Mapped[str]
    reason: Mapped[str | None]
    notes: Mapped[str | None]
    location: Mapped[str | None]
    override_reason: Mapped[str | None]
    booked_by: Mapped[uuid.UUID | None]
    timed_at: Mapped[datetime] = mapped_column(default=now)
    series_id: Mapped[uuid.UUID | None]
    visit_id: Mapped[uuid.UUID | None]
    queue_number: Mapped[int | None]
    checked_in_at: Mapped[datetime | None]
    begun_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    search_text: Mapped[str] = mapped_column(default="")


class TakenInterval(Base):
    """Time that a booking takes; exclusion constraints keep two from overlapping."""

    __tablename__ = "taken_intervals"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    doctor_id: Mapped[uuid.UUID]
    seat: Mapped[int] = mapped_column(default=0)
    busy_from: Mapped[datetime]
    busy_to: Mapped[datetime]
    patient_id: Mapped[uuid.UUID]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(default="booking")
    appointment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("appointments.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)


class AppointmentEvent(Base):
    """One change in the life of an appointment."""

    __tablename__ = "appointment_events"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    appointment_id: Mapped[uuid.UUID]
    at: Mapped[datetime] = mapped_column(default=now)
    actor_id: Mapped[uuid.UUID | None]
    to_status: Mapped[str]
    to_starts_at: Mapped[datetime | None]
    to_doctor_id: Mapped[uuid.UUID | None]


class CareRelation(Base):
    """The right to open a chart for a while."""

    __tablename__ = "care_relations"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    patient_id: Mapped[uuid.UUID]
    user_id: Mapped[uuid.UUID | None]
    audience: Mapped[str | None]
    source: Mapped[str] = mapped_column(default="appointment")
    source_id: Mapped[uuid.UUID]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]


class NotificationPreference(Base):
    """What a user wishes to be told."""

    __tablename__ = "notification_preferences"

    user_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    in_app: Mapped[bool]
    email: Mapped[bool]


class Notification(Row, Base):
    """What a user was told."""

    __tablename__ = "notifications"

    user_id: Mapped[uuid.UUID]
    kind: Mapped[str]
    source_type: Mapped[str]
    source_id: Mapped[uuid.UUID]
    source_version: Mapped[int] = mapped_column(default=1)
    title: Mapped[str]
    body: Mapped[str]
    hidden_at: Mapped[datetime | None]


class OutboxMessage(Base):
    """A mail to be sent."""

    __tablename__ = "outbox"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    kind: Mapped[str]
    subject_id: Mapped[uuid.UUID]
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    dedupe_key: Mapped[str]
    status: Mapped[str] = mapped_column(default="pending")
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime] = mapped_column(default=now)
    created_at: Mapped[datetime] = mapped_column(default=now)
