"""The pharmacy's counter: sales with their payments and refunds, and the register of controlled drugs.

Amounts are minor units of the clinic's currency; tax rates are hundredths of a percent.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from server.core import clock
from server.core.columns import FoldedKey, Identified, Record, UTCDateTime
from server.core.constraints import on_violation
from server.core.db import Base
from server.core.errors import Conflict

_METHODS = "('cash', 'credit_card', 'debit_card', 'bank_transfer', 'mobile', 'insurance', 'voucher')"


class DispenseSold(Conflict):
    """This dispense was sold already."""

    code = "dispense_sold"


class Sale(Record, Base):
    """A sale at the counter (a transaction, outside); its lines, prices and payments stay as they were."""

    __tablename__ = "sales"
    __table_args__ = (
        CheckConstraint("total = subtotal + tax AND change >= 0 AND refunded >= 0", name="amounts"),
        CheckConstraint("refunded <= total", name="refunded"),
        Index("uq_sales_receipt_number", "receipt_number", unique=True),
        Index("ix_sales_patient_id", "patient_id", "id"),
        Index("ix_sales_sold_at", "sold_at", "id"),
        Index("ix_sales_sold_by", "sold_by", "id"),
    )
    audited_values: ClassVar[frozenset[str]] = frozenset({"total", "refunded"})

    receipt_number: Mapped[str] = mapped_column(String(20))
    patient_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("patients.id"))
    subtotal: Mapped[int] = mapped_column(BigInteger)
    tax: Mapped[int] = mapped_column(BigInteger)
    total: Mapped[int] = mapped_column(BigInteger)
    change: Mapped[int] = mapped_column(BigInteger, default=0)
    refunded: Mapped[int] = mapped_column(BigInteger, default=0)
    sold_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    sold_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)


class SaleLine(Identified, Base):
    """Something sold: a medication from the shelf, or a dispense, which is sold once. No more comes back than went."""

    __tablename__ = "sale_lines"
    __table_args__ = (
        CheckConstraint("quantity > 0 AND unit_price >= 0 AND tax_rate >= 0", name="amounts"),
        CheckConstraint("total = subtotal + tax", name="total"),
        CheckConstraint("refunded_quantity >= 0 AND refunded_quantity <= quantity", name="refunded_quantity"),
        CheckConstraint("refunded_amount >= 0 AND refunded_amount <= total", name="refunded_amount"),
        Index("uq_sale_lines_position", "sale_id", "position", unique=True),
        Index("ix_sale_lines_medication_id", "medication_id", "sale_id"),
        Index("uq_sale_lines_dispense_id", "dispense_id", unique=True),
    )

    sale_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("sales.id"))
    position: Mapped[int] = mapped_column(Integer)
    medication_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("medications.id"))
    dispense_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("dispenses.id"))
    description: Mapped[str] = mapped_column(String(300))
    quantity: Mapped[int] = mapped_column(Integer)
    unit_price: Mapped[int] = mapped_column(BigInteger)
    tax_rate: Mapped[int] = mapped_column(Integer)
    subtotal: Mapped[int] = mapped_column(BigInteger)
    tax: Mapped[int] = mapped_column(BigInteger)
    total: Mapped[int] = mapped_column(BigInteger)
    refunded_quantity: Mapped[int] = mapped_column(Integer, default=0)
    refunded_amount: Mapped[int] = mapped_column(BigInteger, default=0)


class SalePayment(Identified, Base):
    """Part of what was paid for a sale; of cash, what was handed over with the change in it."""

    __tablename__ = "sale_payments"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint(f"method IN {_METHODS}", name="method"),
        Index("ix_sale_payments_sale_id", "sale_id", "id"),
    )

    sale_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("sales.id"))
    method: Mapped[str] = mapped_column(String(20))
    amount: Mapped[int] = mapped_column(BigInteger)
    reference: Mapped[str | None] = mapped_column(String(120))


class SaleRefund(Identified, Base):
    """Money given back for lines of a sale; `is_restocked` says whether the goods went back into stock."""

    __tablename__ = "sale_refunds"
    __table_args__ = (
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint(f"method IN {_METHODS}", name="method"),
        Index("ix_sale_refunds_sale_id", "sale_id", "id"),
    )

    sale_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("sales.id"))
    amount: Mapped[int] = mapped_column(BigInteger)
    method: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(Text)
    is_restocked: Mapped[bool] = mapped_column(default=False)
    refunded_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)


class SaleRefundLine(Identified, Base):
    """How many units of a line a refund gave back, and what for."""

    __tablename__ = "sale_refund_lines"
    __table_args__ = (
        CheckConstraint("quantity > 0 AND amount >= 0", name="amounts"),
        Index("uq_sale_refund_lines_line_id", "refund_id", "line_id", unique=True),
    )

    refund_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("sale_refunds.id"))
    line_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("sale_lines.id"))
    quantity: Mapped[int] = mapped_column(Integer)
    amount: Mapped[int] = mapped_column(BigInteger)


class ControlledEntry(Identified, Base):
    """A line of the register of controlled drugs; never changed, never removed.

    `drug_key` is a drug and strength; `number` counts its lines from 1, so no two can follow the same one, and
    `balance` is what there is of it after the line. Each movement of stock of a controlled drug has one line.
    """

    __tablename__ = "controlled_entries"
    __table_args__ = (
        CheckConstraint("change <> 0 AND balance >= 0", name="amounts"),
        Index("uq_controlled_entries_number", "drug_key", "number", unique=True),
        Index("uq_controlled_entries_movement_id", "movement_id", unique=True),
        Index("ix_controlled_entries_medication_id", "medication_id", "id"),
    )

    drug_key: Mapped[str] = mapped_column(FoldedKey)
    number: Mapped[int] = mapped_column(Integer)
    medication_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("medications.id"))
    movement_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("stock_movements.id"))
    # The line that this one corrects.
    corrects_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("controlled_entries.id"))
    change: Mapped[int] = mapped_column(Integer)
    balance: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str | None] = mapped_column(Text)
    document_type: Mapped[str | None] = mapped_column(String(40))
    document_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    user_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    witness_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)


on_violation("uq_sale_lines_dispense_id", DispenseSold, field="dispense_id")
