"""Treatments: what was done at a visit, what it used and what it costs."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from server.core.columns import Identified, UTCDateTime
from server.core.db import Base
from server.modules.patients.models.chart import ChartRow


class Treatment(ChartRow, Base):
    """Something done for a patient at a visit. `price` is copied from the service, or given with a free name."""

    __tablename__ = "treatments"
    __table_args__ = (
        CheckConstraint(
            "status IN ('planned', 'in_progress', 'completed', 'cancelled', 'entered_in_error')", name="status"
        ),
        CheckConstraint("price >= 0 AND tax_rate >= 0", name="amounts"),
        Index("ix_treatments_patient_id", "patient_id", "completed_at", "id"),
        Index("ix_treatments_visit_id", "visit_id", "created_at", "id"),
        Index("ix_treatments_doctor_id", "doctor_id", "created_at", "id"),
        Index("ix_treatments_created_at", "created_at", "id"),
    )
    audited_values: ClassVar[frozenset[str]] = frozenset({"status"})

    visit_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("visits.id"))
    doctor_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("doctors.id"))
    service_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("services.id"))
    name: Mapped[str] = mapped_column(String(200))
    # Minor units of the clinic's currency; the rate is hundredths of a percent.
    price: Mapped[int] = mapped_column(BigInteger, default=0)
    tax_rate: Mapped[int] = mapped_column(Integer, default=0)
    notes: Mapped[str | None] = mapped_column(Text)
    completed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    completed_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    cancel_reason: Mapped[str | None] = mapped_column(Text)


class TreatmentItem(Identified, Base):
    """Stock that a treatment will use, or has used once it is completed."""

    __tablename__ = "treatment_items"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        Index("uq_treatment_items_item_id", "treatment_id", "item_id", unique=True),
    )

    treatment_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("treatments.id"))
    item_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("items.id"))
    quantity: Mapped[int] = mapped_column(Integer)
