"""Whom stock is bought from, what is on order, and what of it has come."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import ClassVar

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from server.core import clock
from server.core.columns import FoldedKey, Identified, Record, UTCDateTime
from server.core.constraints import on_violation
from server.core.db import Base
from server.core.errors import Conflict


class SupplierNameTaken(Conflict):
    """There is a supplier of this name already."""

    code = "supplier_exists"


class Supplier(Record, Base):
    """Who sells to the house."""

    __tablename__ = "suppliers"
    __table_args__ = (Index("uq_suppliers_name_key", "name_key", unique=True),)
    audited_values: ClassVar[frozenset[str]] = frozenset({"is_active"})

    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(FoldedKey)
    contact_name: Mapped[str | None] = mapped_column(String(200))
    email: Mapped[str | None] = mapped_column(String(254))
    phone: Mapped[str | None] = mapped_column(String(32))
    address: Mapped[str | None] = mapped_column(Text)
    notes: Mapped[str | None] = mapped_column(Text)
    is_active: Mapped[bool] = mapped_column(default=True)


class PurchaseOrder(Record, Base):
    """What is asked of a supplier; what has come of it stands in its lines."""

    __tablename__ = "purchase_orders"
    __table_args__ = (
        CheckConstraint(
            "status IN ('draft', 'ordered', 'partially_received', 'received', 'closed', 'cancelled')", name="status"
        ),
        Index("uq_purchase_orders_number", "number", unique=True),
        Index("ix_purchase_orders_status", "status", "id"),
        Index("ix_purchase_orders_supplier_id", "supplier_id", "id"),
    )
    audited_values: ClassVar[frozenset[str]] = frozenset({"status"})

    number: Mapped[str] = mapped_column(String(20))
    supplier_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("suppliers.id"))
    status: Mapped[str] = mapped_column(String(20))
    expected_on: Mapped[date | None]
    notes: Mapped[str | None] = mapped_column(Text)
    created_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    ordered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ordered_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # When and by whom it was deleted: it is cancelled then, and in no list.
    voided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    voided_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))


class PurchaseOrderLine(Identified, Base):
    """So many base units of an item; never more come than were ordered."""

    __tablename__ = "purchase_order_lines"
    __table_args__ = (
        CheckConstraint("quantity_ordered > 0 AND pack_size > 0 AND unit_cost >= 0", name="amounts"),
        CheckConstraint("quantity_received >= 0 AND quantity_received <= quantity_ordered", name="received"),
        Index("uq_purchase_order_lines_position", "order_id", "position", unique=True),
        Index("ix_purchase_order_lines_item_id", "item_id", "id"),
    )

    order_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("purchase_orders.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(Integer)
    item_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("items.id"))
    quantity_ordered: Mapped[int] = mapped_column(Integer)
    quantity_received: Mapped[int] = mapped_column(Integer, default=0)
    # Minor units of the clinic's currency, for one base unit.
    unit_cost: Mapped[int] = mapped_column(BigInteger, default=0)
    pack_size: Mapped[int] = mapped_column(Integer, default=1)


class OrderReceipt(Identified, Base):
    """A delivery on an order; the ledger's movements name it as their document."""

    __tablename__ = "order_receipts"
    __table_args__ = (Index("ix_order_receipts_order_id", "order_id", "id"),)

    order_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("purchase_orders.id"))
    received_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    received_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)


class OrderReceiptLine(Identified, Base):
    """What came of one line, and into which lot."""

    __tablename__ = "order_receipt_lines"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        Index("ix_order_receipt_lines_receipt_id", "receipt_id", "id"),
    )

    receipt_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("order_receipts.id"))
    line_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("purchase_order_lines.id"))
    lot_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("lots.id"))
    quantity: Mapped[int] = mapped_column(Integer)


on_violation("uq_suppliers_name_key", SupplierNameTaken, field="name")
