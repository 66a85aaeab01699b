"""Vital signs: sets of measurements taken together, in canonical units and as entered."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, Double, ForeignKey, Index, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from server.core.columns import Identified, UTCDateTime
from server.core.db import Base
from server.modules.patients.models.chart import ChartRow
from server.modules.visits.enums import Source


class VitalSet(ChartRow, Base):
    """Measurements taken together. `status` is `final` or `entered_in_error`."""

    __tablename__ = "vital_sets"
    __table_args__ = (
        CheckConstraint("status IN ('final', 'entered_in_error')", name="status"),
        Index("ix_vital_sets_patient_id", "patient_id", "measured_at", "id"),
        Index("ix_vital_sets_visit_id", "visit_id", "measured_at", "id"),
    )

    visit_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("visits.id"))
    source: Mapped[str] = mapped_column(String(10), default=Source.CLINIC)
    measured_at: Mapped[datetime] = mapped_column(UTCDateTime)
    notes: Mapped[str | None] = mapped_column(Text)


class Measurement(Identified, Base):
    """One value. An amendment writes a new row and marks this one as superseded; no value is ever overwritten."""

    __tablename__ = "vital_measurements"
    __table_args__ = (
        CheckConstraint("status IN ('final', 'superseded', 'entered_in_error')", name="status"),
        CheckConstraint("flag IN ('low', 'normal', 'high', 'critical')", name="flag"),
        Index("ix_vital_measurements_set_id", "set_id", "id"),
        # A series reads this index alone.
        Index("ix_vital_measurements_series", "patient_id", "kind", "measured_at", "id"),
    )

    set_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("vital_sets.id"))
    patient_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("patients.id"))
    kind: Mapped[str] = mapped_column(String(20))
    # The set's, repeated for the index.
    measured_at: Mapped[datetime] = mapped_column(UTCDateTime)
    value: Mapped[float] = mapped_column(Double)
    unit: Mapped[str] = mapped_column(String(16))
    entered_value: Mapped[float] = mapped_column(Double)
    entered_unit: Mapped[str] = mapped_column(String(16))
    loinc: Mapped[str] = mapped_column(String(10))
    flag: Mapped[str | None] = mapped_column(String(10))
    range_low: Mapped[float | None] = mapped_column(Double)
    range_high: Mapped[float | None] = mapped_column(Double)
    range_source: Mapped[str | None] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(20))
    recorded_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    recorded_at: Mapped[datetime] = mapped_column(UTCDateTime)
    superseded_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    superseded_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    superseded_reason: Mapped[str | None] = mapped_column(Text)
