"""Visits: what happened when a patient was here, the notes on it and its diagnoses."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import ClassVar

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from server.core import clock
from server.core.columns import Identified, UTCDateTime
from server.core.constraints import on_violation
from server.core.db import Base
from server.core.errors import Conflict
from server.modules.patients.models.chart import ChartRow
from server.modules.visits.enums import Source


class VisitExists(Conflict):
    """This appointment has a visit already."""

    code = "visit_exists"


class Visit(ChartRow, Base):
    """A patient's visit. `recorded_by` opened it; only imported ones may lack a doctor."""

    __tablename__ = "visits"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'completed', 'cancelled', 'entered_in_error')", name="status"),
        CheckConstraint("doctor_id IS NOT NULL OR source = 'imported'", name="doctor"),
        Index("uq_visits_number", "number", unique=True),
        Index("ix_visits_patient_id", "patient_id", "started_at", "id"),
        Index("ix_visits_doctor_id", "doctor_id", "started_at", "id"),
        Index("ix_visits_started_at", "started_at", "id"),
        Index("ix_visits_status", "status", "started_at", "id"),
        Index(
            "uq_visits_appointment_id",
            "appointment_id",
            unique=True,
            postgresql_where=text("status IN ('open', 'completed')"),
            sqlite_where=text("status IN ('open', 'completed')"),
        ),
    )
    audited_values: ClassVar[frozenset[str]] = frozenset({"status"})

    # Shown as V-000123.
    number: Mapped[int] = mapped_column(BigInteger)
    doctor_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("doctors.id"))
    appointment_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("appointments.id"))
    source: Mapped[str] = mapped_column(String(10), default=Source.CLINIC)
    visit_type: Mapped[str] = mapped_column(String(12))
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    chief_complaint: Mapped[str | None] = mapped_column(Text)
    notes: Mapped[str | None] = mapped_column(Text)
    patient_instructions: Mapped[str | None] = mapped_column(Text)
    follow_up_on: Mapped[date | None]
    free_follow_up: Mapped[bool] = mapped_column(default=False)


class VisitDiagnosis(Identified, Base):
    """A diagnosis made at a visit; one that was taken off again stays on record."""

    __tablename__ = "visit_diagnoses"
    __table_args__ = (
        Index("ix_visit_diagnoses_visit_id", "visit_id", "position"),
        Index("ix_visit_diagnoses_patient_id", "patient_id"),
    )

    visit_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("visits.id"))
    patient_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("patients.id"))
    position: Mapped[int] = mapped_column(Integer)
    code: Mapped[str | None] = mapped_column(String(20))
    code_system: Mapped[str | None] = mapped_column(String(12))
    display: Mapped[str] = mapped_column(String(300))
    is_primary: Mapped[bool] = mapped_column(default=False)
    recorded_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    recorded_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    removed_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    removed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class VisitEvent(Identified, Base):
    """One step in the life of a visit."""

    __tablename__ = "visit_events"
    __table_args__ = (Index("ix_visit_events_visit_id", "visit_id", "id"),)

    visit_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("visits.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    actor_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    from_status: Mapped[str | None] = mapped_column(String(20))
    to_status: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(Text)


class VisitNote(ChartRow, Base):
    """A clinical note in the four parts of SOAP. `recorded_by` is its author; signed text never changes."""

    __tablename__ = "visit_notes"
    __table_args__ = (
        CheckConstraint("status IN ('draft', 'signed', 'entered_in_error')", name="status"),
        CheckConstraint("(signed_at IS NULL) = (sha256 IS NULL)", name="signature"),
        Index("ix_visit_notes_visit_id", "visit_id", "id"),
        Index("ix_visit_notes_patient_id", "patient_id", "id"),
    )

    visit_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("visits.id"))
    subjective: Mapped[str | None] = mapped_column(Text)
    objective: Mapped[str | None] = mapped_column(Text)
    assessment: Mapped[str | None] = mapped_column(Text)
    plan: Mapped[str | None] = mapped_column(Text)
    signed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    signed_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    sha256: Mapped[str | None] = mapped_column(String(64))


class NoteAddendum(Identified, Base):
    """What was added to a signed note; never changed, never removed."""

    __tablename__ = "note_addenda"
    __table_args__ = (Index("ix_note_addenda_note_id", "note_id", "id"),)

    note_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("visit_notes.id"))
    text: Mapped[str] = mapped_column(Text)
    by: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("users.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)


on_violation("uq_visits_appointment_id", VisitExists, field="appointment_id")
