"""Immunisations that were given or not, and the schedules by which the next ones are due."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Integer, LargeBinary, String, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from server.core import clock
from server.core.columns import Identified, UTCDateTime
from server.core.db import Base
from server.modules.patients.models.chart import ChartRow
from server.modules.vaccines.enums import DoseSource


class Immunization(ChartRow, Base):
    """A dose that was given, or was not and why."""

    __tablename__ = "immunizations"
    __table_args__ = (
        CheckConstraint("status IN ('completed', 'not_done', 'entered_in_error')", name="status"),
        CheckConstraint("source IN ('clinic', 'reported', 'imported')", name="source"),
        CheckConstraint("validity IN ('valid', 'not_valid', 'extraneous', 'sub_standard')", name="validity"),
        Index("ix_immunizations_patient_id", "patient_id", "administered_on", "id"),
        Index("ix_immunizations_visit_id", "visit_id", "id"),
    )

    visit_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("visits.id"))
    source: Mapped[str] = mapped_column(String(10), default=DoseSource.CLINIC)
    # CVX, as text: some codes have a leading zero.
    vaccine_code: Mapped[str] = mapped_column(String(5))
    name: Mapped[str] = mapped_column(String(200))
    dose_number: Mapped[int | None] = mapped_column(Integer)
    lot_number: Mapped[str | None] = mapped_column(String(60))
    lot_expires_on: Mapped[date | None]
    manufacturer: Mapped[str | None] = mapped_column(String(200))
    site: Mapped[str | None] = mapped_column(String(60))
    route: Mapped[str | None] = mapped_column(String(60))
    administered_on: Mapped[date]
    administered_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    not_done_reason: Mapped[str | None] = mapped_column(Text)
    next_due_on: Mapped[date | None]
    notes: Mapped[str | None] = mapped_column(Text)
    # Null where nothing was given.
    validity: Mapped[str | None] = mapped_column(String(12))
    validity_reason: Mapped[str | None] = mapped_column(String(60))


class ImmunizationVersion(Identified, Base):
    """What an entry said before it was corrected; never changed, never removed."""

    __tablename__ = "immunization_versions"
    __table_args__ = (Index("uq_immunization_versions_number", "immunization_id", "number", unique=True),)

    immunization_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("immunizations.id"))
    # The version of the entry that said so.
    number: Mapped[int] = mapped_column(Integer)
    said: Mapped[dict[str, Any]] = mapped_column(JSON)
    superseded_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    superseded_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    superseded_reason: Mapped[str | None] = mapped_column(Text)


class ScheduleRules(Identified, Base):
    """A set of rules as it was loaded; the current one decides what is due."""

    __tablename__ = "schedule_rules"
    __table_args__ = (
        Index(
            "uq_schedule_rules_current",
            "is_current",
            unique=True,
            postgresql_where=text("is_current"),
            sqlite_where=text("is_current"),
        ),
    )

    name: Mapped[str] = mapped_column(String(60))
    edition: Mapped[str] = mapped_column(String(40))
    sha256: Mapped[str] = mapped_column(String(64))
    # The rules as JSON, compressed.
    body: Mapped[bytes] = mapped_column(LargeBinary)
    is_current: Mapped[bool] = mapped_column(default=True)
    loaded_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
