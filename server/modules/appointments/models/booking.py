"""Appointments, the time that they take, and what became of them."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import ClassVar

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, Text, Uuid, column, func, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.core import clock
from server.core.columns import Identified, Record, UTCDateTime
from server.core.constraints import on_violation
from server.core.db import Base
from server.core.errors import Conflict
from server.modules.appointments.enums import Status


class SlotTaken(Conflict):
    """That time is no longer free."""

    code = "slot_taken"
    # Whether a hold is in the way: it may be the caller's own.
    by_hold = False
    # Whether the patient has an appointment then: it may be the one that is asked for.
    by_own = False


class PatientBusy(Conflict):
    """The patient has another appointment at that time."""

    code = "patient_busy"
    by_hold = False
    by_own = False


class Appointment(Record, Base):
    """A patient's visit to a doctor, agreed on for a time. `timed_at` is when it was given its present time."""

    __tablename__ = "appointments"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="order"),
        Index("ix_appointments_starts_at", "starts_at", "id"),
        Index("ix_appointments_doctor_id", "doctor_id", "starts_at", "id"),
        Index("ix_appointments_patient_id", "patient_id", "starts_at", "id"),
        Index("ix_appointments_status", "status", "starts_at", "id"),
        Index("ix_appointments_created_at", "created_at", "id"),
        Index("ix_appointments_series_id", "series_id"),
        Index("uq_appointments_queue", "doctor_id", "queue_day", "queue_number", unique=True),
        Index(
            "ix_appointments_search_text",
            "search_text",
            postgresql_using="gin",
            postgresql_ops={"search_text": "gin_trgm_ops"},
        ).ddl_if(dialect="postgresql"),
        # SQLite reads all reasons of a search, but nothing else of the rows.
        Index("ix_appointments_reasons", "search_text", "id").ddl_if(dialect="sqlite"),
    )
    audited_values: ClassVar[frozenset[str]] = frozenset({"status", "starts_at", "doctor_id"})

    patient_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("patients.id"))
    doctor_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("doctors.id"))
    starts_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ends_at: Mapped[datetime] = mapped_column(UTCDateTime)
    status: Mapped[str] = mapped_column(String(12), default=Status.SCHEDULED)
    type: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(Text)
    notes: Mapped[str | None] = mapped_column(Text)
    location: Mapped[str | None] = mapped_column(String(200))
    override_reason: Mapped[str | None] = mapped_column(Text)
    booked_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    timed_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    series_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    visit_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    # The place in the queue of the doctor's local day; given at check-in, never again to another.
    queue_day: Mapped[date | None]
    queue_number: Mapped[int | None] = mapped_column(Integer)
    checked_in_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    begun_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    completed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    cancelled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    cancelled_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    cancelled_party: Mapped[str | None] = mapped_column(String(10))
    cancel_reason: Mapped[str | None] = mapped_column(Text)
    # The reason for the visit, folded, by which it is found.
    search_text: Mapped[str] = mapped_column(Text, default="")


class TakenInterval(Identified, Base):
    """Time that is taken by a booking or a hold: the doctor's seat with buffers, and the patient's own time.

    One row carries both, so that one INSERT meets both rules and is in or out. On PostgreSQL the rules are the
    exclusion constraints below, on SQLite triggers and the one writer at a time. A hold past `expires_at` blocks
    nobody: whoever books takes it away first.
    """

    __tablename__ = "taken_intervals"
    __table_args__ = (
        CheckConstraint("kind IN ('booking', 'hold')", name="kind"),
        CheckConstraint("ends_at > starts_at AND busy_from <= starts_at AND busy_to >= ends_at", name="order"),
        CheckConstraint("(kind = 'hold') = (expires_at IS NOT NULL)", name="expiry"),
        CheckConstraint("(kind = 'booking') = (appointment_id IS NOT NULL)", name="booking"),
        Index("uq_taken_intervals_appointment_id", "appointment_id", unique=True),
        Index("ix_taken_intervals_doctor_id", "doctor_id", "busy_from"),
        Index("ix_taken_intervals_patient_id", "patient_id", "starts_at"),
        Index(
            "ix_taken_intervals_expires_at",
            "expires_at",
            postgresql_where=text("expires_at IS NOT NULL"),
            sqlite_where=text("expires_at IS NOT NULL"),
        ),
        ExcludeConstraint(
            (column("doctor_id"), "="),
            (column("seat"), "="),
            (func.tstzrange(column("busy_from"), column("busy_to")), "&&"),
            name="ex_taken_intervals_doctor",
            using="gist",
        ).ddl_if(dialect="postgresql"),
        ExcludeConstraint(
            (column("patient_id"), "="),
            (func.tstzrange(column("starts_at"), column("ends_at")), "&&"),
            name="ex_taken_intervals_patient",
            using="gist",
            where=text("patient_id IS NOT NULL"),
        ).ddl_if(dialect="postgresql"),
    )

    doctor_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("doctors.id"))
    seat: Mapped[int] = mapped_column(Integer)
    busy_from: Mapped[datetime] = mapped_column(UTCDateTime)
    busy_to: Mapped[datetime] = mapped_column(UTCDateTime)
    patient_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("patients.id"))
    starts_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ends_at: Mapped[datetime] = mapped_column(UTCDateTime)
    kind: Mapped[str] = mapped_column(String(10))
    appointment_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("appointments.id"))
    held_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)


class AppointmentEvent(Identified, Base):
    """One change in the life of an appointment."""

    __tablename__ = "appointment_events"
    __table_args__ = (Index("ix_appointment_events_appointment_id", "appointment_id", "id"),)

    appointment_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("appointments.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    actor_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    from_status: Mapped[str | None] = mapped_column(String(12))
    to_status: Mapped[str] = mapped_column(String(12))
    from_starts_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    to_starts_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    from_doctor_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("doctors.id"))
    to_doctor_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("doctors.id"))
    changed: Mapped[str | None] = mapped_column(String(200))
    reason: Mapped[str | None] = mapped_column(Text)


class Reminder(Base):
    """A reminder that was given: once for each kind and time."""

    __tablename__ = "appointment_reminders"

    appointment_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("appointments.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(UTCDateTime, primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)


on_violation("ex_taken_intervals_doctor", SlotTaken, field="starts_at")
on_violation("ex_taken_intervals_patient", PatientBusy, field="starts_at")
