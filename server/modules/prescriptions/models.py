"""Prescriptions, what is dispensed on them, and what the safety checks found."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from server.core import clock
from server.core.columns import Identified, Record, UTCDateTime
from server.core.db import Base
from server.modules.patients.models.chart import ChartRow

_IS_LIVE = text("status IN ('prepared', 'filled')")


class Prescription(ChartRow, Base):
    """An order for medication. Once active its clinical content stays; a change is a new one that replaces it.

    The prescriber is a doctor of the house (`doctor_id`) or, where the source is external, somebody who is named.
    `verify_code` is what the QR code on paper carries.
    """

    __tablename__ = "prescriptions"
    __table_args__ = (
        CheckConstraint(
            "status IN ('draft', 'active', 'partially_filled', 'filled', 'stopped', 'cancelled', 'expired',"
            " 'entered_in_error')",
            name="status",
        ),
        CheckConstraint("source IN ('internal', 'external', 'imported')", name="source"),
        Index("uq_prescriptions_rx_number", "rx_number", unique=True),
        Index("uq_prescriptions_verify_code", "verify_code", unique=True),
        Index("uq_prescriptions_replaces_id", "replaces_id", unique=True),
        Index("ix_prescriptions_patient_id", "patient_id", "id"),
        Index("ix_prescriptions_doctor_id", "doctor_id", "id"),
        Index("ix_prescriptions_visit_id", "visit_id", "id"),
        Index("ix_prescriptions_status", "status", "id"),
        Index("ix_prescriptions_expires_on", "expires_on", "id"),
    )
    audited_values: ClassVar[frozenset[str]] = frozenset({"status", "source"})

    rx_number: Mapped[str] = mapped_column(String(20))
    source: Mapped[str] = mapped_column(String(10))
    doctor_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("doctors.id"))
    visit_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("visits.id"))
    prescriber_name: Mapped[str | None] = mapped_column(String(200))
    prescriber_license: Mapped[str | None] = mapped_column(String(60))
    prescriber_phone: Mapped[str | None] = mapped_column(String(32))
    date_prescribed: Mapped[date]
    # The last day on which it may be filled, in the clinic's zone.
    expires_on: Mapped[date | None]
    notes: Mapped[str | None] = mapped_column(Text)
    verify_code: Mapped[str] = mapped_column(String(43))
    # The version that this one replaces or renews.
    replaces_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("prescriptions.id"))
    renews_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("prescriptions.id"))
    revision: Mapped[int] = mapped_column(Integer, default=1)
    activated_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    activated_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    end_reason: Mapped[str | None] = mapped_column(Text)


class PrescriptionItem(Identified, Base):
    """One medication of a prescription. Never more is dispensed than its quantity, once and for each refill.

    `dose_value` is a decimal number as text; `quantity` counts base units of the item of stock.
    """

    __tablename__ = "prescription_items"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("refills_allowed >= 0 AND duration_days > 0 AND times_per_day > 0", name="amounts"),
        CheckConstraint("dispensed >= 0 AND dispensed <= quantity * (1 + refills_allowed)", name="dispensed"),
        Index("uq_prescription_items_position", "prescription_id", "position", unique=True),
        Index("ix_prescription_items_medication_id", "medication_id", "prescription_id"),
    )

    prescription_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("prescriptions.id"))
    position: Mapped[int] = mapped_column(Integer)
    medication_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("medications.id"))
    dose_value: Mapped[str | None] = mapped_column(String(20))
    dose_unit: Mapped[str | None] = mapped_column(String(30))
    route: Mapped[str | None] = mapped_column(String(60))
    times_per_day: Mapped[int | None] = mapped_column(Integer)
    interval_hours: Mapped[int | None] = mapped_column(Integer)
    as_needed: Mapped[bool] = mapped_column(default=False)
    duration_days: Mapped[int | None] = mapped_column(Integer)
    quantity: Mapped[int | None] = mapped_column(Integer)
    refills_allowed: Mapped[int] = mapped_column(Integer, default=0)
    instructions: Mapped[str | None] = mapped_column(Text)
    substitution_allowed: Mapped[bool] = mapped_column(default=True)
    # Base units that have left the stock for it and were not brought back; with what is prepared for it.
    dispensed: Mapped[int] = mapped_column(Integer, default=0)


class SafetyFinding(Identified, Base):
    """What a check found when a prescription was made active or filled, and by whom it was answered for; never changed.

    `finding_id` is made of what was found, so that the same finding has the same id until its evidence changes.
    """

    __tablename__ = "safety_findings"
    __table_args__ = (
        CheckConstraint("severity IN ('info', 'warning', 'contraindicated')", name="severity"),
        Index("ix_safety_findings_prescription_id", "prescription_id", "id"),
    )

    prescription_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("prescriptions.id"))
    dispense_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("dispenses.id"))
    stage: Mapped[str] = mapped_column(String(10))
    finding_id: Mapped[str] = mapped_column(String(43))
    kind: Mapped[str] = mapped_column(String(20))
    severity: Mapped[str] = mapped_column(String(16))
    message: Mapped[str] = mapped_column(Text)
    item_index: Mapped[int | None] = mapped_column(Integer)
    evidence: Mapped[Any] = mapped_column(JSON)
    is_acknowledged: Mapped[bool] = mapped_column(default=False)
    override_reason: Mapped[str | None] = mapped_column(Text)
    user_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)


class Dispense(Record, Base):
    """Units handed out, or laid ready, for one medication of a prescription.

    A fill is handed out at once, or in parts where there is not enough. Price and tax are copied when it is filled, so
    that it is sold at what it was filled at.
    """

    __tablename__ = "dispenses"
    __table_args__ = (
        CheckConstraint("status IN ('prepared', 'filled', 'reversed', 'cancelled')", name="status"),
        CheckConstraint("quantity > 0 AND unit_price >= 0 AND tax_rate >= 0", name="amounts"),
        CheckConstraint("(settled_type IS NULL) = (settled_id IS NULL)", name="settled"),
        Index("ix_dispenses_prescription_id", "prescription_id", "id"),
        Index("ix_dispenses_patient_id", "patient_id", "id"),
        Index("ix_dispenses_item_id", "item_id", "fill_number", postgresql_where=_IS_LIVE, sqlite_where=_IS_LIVE),
        Index(
            "ix_dispenses_to_pay",
            "id",
            postgresql_where=text("status = 'filled' AND settled_id IS NULL"),
            sqlite_where=text("status = 'filled' AND settled_id IS NULL"),
        ),
    )
    audited_values: ClassVar[frozenset[str]] = frozenset({"status"})

    prescription_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("prescriptions.id"))
    # The prescription's item, not the item of stock.
    item_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("prescription_items.id"))
    medication_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("medications.id"))
    patient_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("patients.id"))
    fill_number: Mapped[int] = mapped_column(Integer)
    quantity: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(String(10))
    unit_price: Mapped[int] = mapped_column(BigInteger, default=0)
    tax_rate: Mapped[int] = mapped_column(Integer, default=0)
    # Lots that were passed over, and why.
    skipped: Mapped[Any] = mapped_column(JSON, default=list)
    prepared_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    prepared_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    filled_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    filled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    override_reason: Mapped[str | None] = mapped_column(Text)
    # What has settled it: a sale, or a charge.
    settled_type: Mapped[str | None] = mapped_column(String(20))
    settled_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    reversed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    reversed_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    reverse_reason: Mapped[str | None] = mapped_column(Text)
    never_left_premises: Mapped[bool | None]


class DispenseLot(Identified, Base):
    """Of which lot how many units of a dispense are."""

    __tablename__ = "dispense_lots"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        Index("uq_dispense_lots_lot_id", "dispense_id", "lot_id", unique=True),
        Index("ix_dispense_lots_lot_id", "lot_id"),
    )

    dispense_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("dispenses.id"))
    lot_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("lots.id"))
    quantity: Mapped[int] = mapped_column(Integer)
