"""Procedures: ordered, then performed once."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from server.core import clock
from server.core.columns import Identified, UTCDateTime
from server.core.db import Base
from server.modules.patients.models.chart import ChartRow
from server.modules.visits.enums import Source


class Procedure(ChartRow, Base):
    """Something to be done to a patient. Once performed only addenda follow; imported ones keep their SNOMED code."""

    __tablename__ = "procedures"
    __table_args__ = (
        CheckConstraint("status IN ('ordered', 'performed', 'cancelled', 'entered_in_error')", name="status"),
        Index("ix_procedures_patient_id", "patient_id", "performed_at", "id"),
        Index("ix_procedures_visit_id", "visit_id", "created_at", "id"),
        Index("ix_procedures_doctor_id", "doctor_id", "created_at", "id"),
        Index("ix_procedures_created_at", "created_at", "id"),
    )
    audited_values: ClassVar[frozenset[str]] = frozenset({"status"})

    visit_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("visits.id"))
    doctor_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("doctors.id"))
    service_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("services.id"))
    source: Mapped[str] = mapped_column(String(10), default=Source.CLINIC)
    name: Mapped[str] = mapped_column(String(300))
    code: Mapped[str | None] = mapped_column(String(20))
    code_system: Mapped[str | None] = mapped_column(String(12))
    # Why it was ordered.
    indication: Mapped[str | None] = mapped_column(Text)
    performed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    performed_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    outcome: Mapped[str | None] = mapped_column(Text)
    notes: Mapped[str | None] = mapped_column(Text)
    complications: Mapped[str | None] = mapped_column(Text)
    cancel_reason: Mapped[str | None] = mapped_column(Text)


class ProcedureAddendum(Identified, Base):
    """What was added to a performed procedure; never changed, never removed."""

    __tablename__ = "procedure_addenda"
    __table_args__ = (Index("ix_procedure_addenda_procedure_id", "procedure_id", "id"),)

    procedure_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("procedures.id"))
    text: Mapped[str] = mapped_column(Text)
    by: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("users.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
