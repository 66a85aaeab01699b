"""What the clinic asks for its work: the fee schedule, and the charges that are waiting for an invoice.

Amounts are minor units of the clinic's currency; tax rates are hundredths of a percent.
"""

from __future__ import annotations

import uuid
from datetime import date
from typing import ClassVar

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from server.core.columns import FoldedKey, Record
from server.core.constraints import on_violation
from server.core.db import Base
from server.core.errors import Conflict
from server.modules.billing.enums import ChargeStatus


class ServiceCodeTaken(Conflict):
    """There is a service with this code already."""

    code = "service_exists"


class AlreadyCharged(Conflict):
    """This was charged already."""

    code = "already_charged"


class Service(Record, Base):
    """A line of the fee schedule."""

    __tablename__ = "services"
    __table_args__ = (
        CheckConstraint("price >= 0 AND tax_rate >= 0", name="amounts"),
        Index("uq_services_code_key", "code_key", unique=True),
        Index("ix_services_name_key", "name_key", "id"),
    )
    audited_values: ClassVar[frozenset[str]] = frozenset({"price", "tax_rate", "is_active"})

    code: Mapped[str] = mapped_column(String(40))
    code_key: Mapped[str] = mapped_column(FoldedKey)
    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(FoldedKey)
    price: Mapped[int] = mapped_column(BigInteger)
    tax_rate: Mapped[int] = mapped_column(Integer, default=0)
    duration_minutes: Mapped[int | None] = mapped_column(Integer)
    is_active: Mapped[bool] = mapped_column(default=True)
    search_text: Mapped[str] = mapped_column(Text)


class Charge(Record, Base):
    """Something billable that was done for a patient. One source is charged once; a void charge frees it."""

    __tablename__ = "charges"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'invoiced', 'settled', 'void')", name="status"),
        CheckConstraint("amount >= 0 AND tax_rate >= 0", name="amounts"),
        Index("ix_charges_patient_id", "patient_id", "status", "id"),
        Index("ix_charges_visit_id", "visit_id"),
        Index(
            "uq_charges_source",
            "source_type",
            "source_id",
            unique=True,
            postgresql_where=text("status <> 'void'"),
            sqlite_where=text("status <> 'void'"),
        ),
    )
    audited_values: ClassVar[frozenset[str]] = frozenset({"status", "amount"})

    source_type: Mapped[str] = mapped_column(String(30))
    source_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    visit_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    patient_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("patients.id"))
    service_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("services.id"))
    description: Mapped[str] = mapped_column(String(300))
    amount: Mapped[int] = mapped_column(BigInteger)
    tax_rate: Mapped[int] = mapped_column(Integer, default=0)
    service_on: Mapped[date]
    status: Mapped[str] = mapped_column(String(10), default=ChargeStatus.OPEN)
    raised_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))


on_violation("uq_services_code_key", ServiceCodeTaken, field="code")
on_violation("uq_charges_source", AlreadyCharged, field="source_id")
