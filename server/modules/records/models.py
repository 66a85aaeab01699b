"""Records, whose every version is kept, and documents."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Integer, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from server.core import clock
from server.core.columns import Identified, UTCDateTime
from server.core.db import Base
from server.modules.patients.models.chart import ChartRow
from server.modules.visits.enums import Source


class MedicalRecord(ChartRow, Base):
    """An entry on a patient's health. What it says lies in its versions; `number` is the latest one's.

    `released_number` is the version that the patient sees; a later edit is theirs when it is released again.
    """

    __tablename__ = "medical_records"
    __table_args__ = (
        CheckConstraint("status IN ('draft', 'released', 'entered_in_error')", name="status"),
        CheckConstraint("source IN ('clinic', 'patient', 'imported')", name="source"),
        Index("ix_medical_records_patient_id", "patient_id", "id"),
        Index("ix_medical_records_visit_id", "visit_id", "id"),
        Index("ix_medical_records_doctor_id", "doctor_id", "id"),
        Index("ix_medical_records_recorded_by", "recorded_by", "id"),
    )

    visit_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("visits.id"))
    doctor_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("doctors.id"))
    source: Mapped[str] = mapped_column(String(10), default=Source.CLINIC)
    number: Mapped[int] = mapped_column(Integer, default=1)
    released_number: Mapped[int | None] = mapped_column(Integer)
    released_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    released_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))


class RecordVersion(Identified, Base):
    """What a record says, from one edit to the next; never changed, never removed."""

    __tablename__ = "medical_record_versions"
    __table_args__ = (Index("uq_medical_record_versions_number", "record_id", "number", unique=True),)

    record_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("medical_records.id"))
    number: Mapped[int] = mapped_column(Integer)
    diagnosis_code: Mapped[str | None] = mapped_column(String(20))
    diagnosis_display: Mapped[str | None] = mapped_column(String(300))
    treatment_plan: Mapped[str | None] = mapped_column(Text)
    symptoms: Mapped[str | None] = mapped_column(Text)
    notes: Mapped[str | None] = mapped_column(Text)
    # Lines of text, as they stood in the record; prescriptions that can be filled are rows of their own room.
    prescriptions: Mapped[list[str]] = mapped_column(JSON, default=list)
    # Ids of documents of the same patient.
    attachments: Mapped[list[str]] = mapped_column(JSON, default=list)
    by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    # Why the version before gave way to this one.
    reason: Mapped[str | None] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)


class Document(ChartRow, Base):
    """A file in a patient's chart: a letter, a scan, a picture. `recorded_by` brought it in."""

    __tablename__ = "documents"
    __table_args__ = (
        CheckConstraint("status IN ('held', 'released', 'entered_in_error')", name="status"),
        CheckConstraint("source IN ('clinic', 'patient', 'imported')", name="source"),
        Index("ix_documents_doctor_id", "doctor_id", "id"),
        Index("ix_documents_patient_id", "patient_id", "id"),
        Index("ix_documents_visit_id", "visit_id", "id"),
        Index("uq_documents_file_id", "file_id", unique=True),
    )

    visit_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("visits.id"))
    # Whose visit it belongs to, else the doctor who brought it in.
    doctor_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("doctors.id"))
    file_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("stored_files.id"))
    source: Mapped[str] = mapped_column(String(10), default=Source.CLINIC)
    title: Mapped[str] = mapped_column(String(200))
    released_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    released_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
