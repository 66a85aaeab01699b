"""What is known of a patient's health: allergies, conditions, history. Rows are never removed."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from server.core import clock
from server.core.columns import Identified, Record, UTCDateTime
from server.core.constraints import on_violation
from server.core.db import Base
from server.core.errors import Conflict
from server.modules.patients.enums import ENTERED_IN_ERROR


class DuplicateAllergy(Conflict):
    """This allergy is on the list already."""

    code = "duplicate_allergy"


class ChartRow(Record):
    """An entry in a chart: whose it is, who wrote it, and whether it was an error."""

    patient_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("patients.id"), sort_order=-9)
    recorded_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"), sort_order=80)
    status: Mapped[str] = mapped_column(String(20), sort_order=81)
    voided_at: Mapped[datetime | None] = mapped_column(UTCDateTime, sort_order=82)
    voided_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"), sort_order=83)
    void_reason: Mapped[str | None] = mapped_column(Text, sort_order=84)

    @property
    def is_voided(self) -> bool:
        """Whether this was entered in error."""
        return self.status == ENTERED_IN_ERROR


class Allergy(ChartRow, Base):
    """A substance that harms the patient."""

    __tablename__ = "allergies"
    __table_args__ = (
        CheckConstraint("status IN ('active', 'inactive', 'entered_in_error')", name="status"),
        CheckConstraint("severity IN ('mild', 'moderate', 'severe')", name="severity"),
        Index("ix_allergies_patient_id", "patient_id", "id"),
        Index(
            "uq_allergies_substance",
            "patient_id",
            "substance_key",
            unique=True,
            postgresql_where=text("status <> 'entered_in_error'"),
            sqlite_where=text("status <> 'entered_in_error'"),
        ),
        Index(
            "uq_allergies_code",
            "patient_id",
            "code_system",
            "code",
            unique=True,
            postgresql_where=text("status <> 'entered_in_error'"),
            sqlite_where=text("status <> 'entered_in_error'"),
        ),
    )

    substance: Mapped[str] = mapped_column(String(200))
    substance_key: Mapped[str] = mapped_column(String(600))
    code_system: Mapped[str | None] = mapped_column(String(200))
    code: Mapped[str | None] = mapped_column(String(60))
    allergy_class: Mapped[str | None] = mapped_column(String(12))
    reaction: Mapped[str | None] = mapped_column(Text)
    severity: Mapped[str | None] = mapped_column(String(10))
    noted_on: Mapped[date | None]


class AllergyStatement(Identified, Base):
    """Somebody asked and the patient knows of no allergies; withdrawn when one is found."""

    __tablename__ = "allergy_statements"
    __table_args__ = (
        Index(
            "uq_allergy_statements_patient_id",
            "patient_id",
            unique=True,
            postgresql_where=text("withdrawn_at IS NULL"),
            sqlite_where=text("withdrawn_at IS NULL"),
        ),
    )

    patient_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("patients.id"))
    stated_by: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("users.id"))
    stated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Condition(ChartRow, Base):
    """A diagnosis or problem that lasts."""

    __tablename__ = "conditions"
    __table_args__ = (
        CheckConstraint("status IN ('active', 'resolved', 'entered_in_error')", name="status"),
        Index("ix_conditions_patient_id", "patient_id", "id"),
        Index("ix_conditions_visit_id", "visit_id"),
    )

    visit_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("visits.id"))
    code: Mapped[str | None] = mapped_column(String(20))
    code_system: Mapped[str | None] = mapped_column(String(12))
    display: Mapped[str] = mapped_column(String(300))
    onset_on: Mapped[date | None]
    resolved_on: Mapped[date | None]


class MedicalHistory(Record, Base):
    """A patient's history, made empty at registration; a merge supersedes one of two."""

    __tablename__ = "medical_histories"
    __table_args__ = (
        Index(
            "uq_medical_histories_patient_id",
            "patient_id",
            unique=True,
            postgresql_where=text("superseded_at IS NULL"),
            sqlite_where=text("superseded_at IS NULL"),
        ),
    )

    patient_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("patients.id"))
    blood_type: Mapped[str | None] = mapped_column(String(3))
    past_surgeries: Mapped[list[str]] = mapped_column(JSON, default=list)
    family_history: Mapped[list[str]] = mapped_column(JSON, default=list)
    social_history: Mapped[str | None] = mapped_column(Text)
    chronic_notes: Mapped[str | None] = mapped_column(Text)
    superseded_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


on_violation("uq_allergies_substance", DuplicateAllergy, field="substance")
on_violation("uq_allergies_code", DuplicateAllergy, field="code")
