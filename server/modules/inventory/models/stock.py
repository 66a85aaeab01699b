"""Stock: what there is, in which lots, and every movement of it. Quantities are whole base units."""

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
from server.modules.inventory.enums import LotStatus


class CategoryNameTaken(Conflict):
    """There is a category of this name already."""

    code = "category_exists"


class SkuTaken(Conflict):
    """Another item has this number."""

    code = "sku_taken"


class ItemCategory(Record, Base):
    """A heading under which items are kept."""

    __tablename__ = "item_categories"
    __table_args__ = (Index("uq_item_categories_name_key", "name_key", unique=True),)

    name: Mapped[str] = mapped_column(String(120))
    name_key: Mapped[str] = mapped_column(FoldedKey)


class Item(Record, Base):
    """Something the house keeps in stock. `on_hand` is the sum of its lots and of its ledger, kept by both.

    Movements change neither its version nor `updated_at`.
    """

    __tablename__ = "items"
    __table_args__ = (
        CheckConstraint("kind IN ('medication', 'supply', 'equipment')", name="kind"),
        CheckConstraint("on_hand >= 0", name="on_hand"),
        CheckConstraint("pack_size > 0", name="pack_size"),
        CheckConstraint("reorder_point >= 0 AND target_level >= 0 AND unit_cost >= 0", name="levels"),
        Index("ix_items_name_key", "name_key", "id"),
        Index("ix_items_category_id", "category_id", "id"),
        Index("ix_items_barcode", "barcode"),
        Index("ix_items_supplier_id", "supplier_id", "id"),
        Index("uq_items_sku", "sku", unique=True),
    )
    audited_values: ClassVar[frozenset[str]] = frozenset({"is_active", "reorder_point"})

    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(FoldedKey)
    brand: Mapped[str | None] = mapped_column(String(200))
    sku: Mapped[str | None] = mapped_column(String(60))
    barcode: Mapped[str | None] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(12))
    category_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("item_categories.id"))
    # The base unit, in which everything is counted: tablet, ml, piece.
    unit: Mapped[str] = mapped_column(String(30))
    pack_size: Mapped[int] = mapped_column(Integer, default=1)
    reorder_point: Mapped[int] = mapped_column(Integer, default=0)
    target_level: Mapped[int] = mapped_column(Integer, default=0)
    is_critical: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)
    # Minor units of the clinic's currency, for one base unit.
    unit_cost: Mapped[int] = mapped_column(BigInteger, default=0)
    supplier_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("suppliers.id"))
    purchase_link: Mapped[str | None] = mapped_column(Text)
    image: Mapped[str | None] = mapped_column(Text)
    notes: Mapped[str | None] = mapped_column(Text)
    # What words are looked for in: name, brand, numbers.
    search_text: Mapped[str] = mapped_column(Text, default="")
    on_hand: Mapped[int] = mapped_column(Integer, default=0)
    # How many lines the ledger has on it.
    movement_count: Mapped[int] = mapped_column(Integer, default=0)


class Lot(Record, Base):
    """Units of an item that came together: one number, one expiry, one cost."""

    __tablename__ = "lots"
    __table_args__ = (
        CheckConstraint("on_hand >= 0", name="on_hand"),
        CheckConstraint("reserved >= 0 AND reserved <= on_hand", name="reserved"),
        CheckConstraint("status IN ('available', 'quarantined', 'on_hold', 'recalled', 'damaged')", name="status"),
        Index("ix_lots_item_id", "item_id", "expires_on", "id"),
        Index("ix_lots_expires_on", "expires_on", "id"),
    )
    audited_values: ClassVar[frozenset[str]] = frozenset({"status"})

    item_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("items.id"))
    lot_number: Mapped[str | None] = mapped_column(String(60))
    # The last day on which it may be used, in the clinic's zone.
    expires_on: Mapped[date | None]
    unit_cost: Mapped[int] = mapped_column(BigInteger, default=0)
    on_hand: Mapped[int] = mapped_column(Integer, default=0)
    reserved: Mapped[int] = mapped_column(Integer, default=0)
    status: Mapped[str] = mapped_column(String(12), default=LotStatus.AVAILABLE)
    # Why, when and by whom its status was last changed; nothing where it is as it came in.
    status_reason: Mapped[str | None] = mapped_column(Text)
    status_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    status_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    received_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)


class StockReservation(Identified, Base):
    """Units of a lot that are kept for a document; `lots.reserved` is their sum."""

    __tablename__ = "stock_reservations"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        Index("uq_stock_reservations_lot_id", "lot_id", "document_type", "document_id", unique=True),
        Index("ix_stock_reservations_document", "document_type", "document_id"),
    )

    item_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("items.id"))
    lot_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("lots.id"))
    quantity: Mapped[int] = mapped_column(Integer)
    document_type: Mapped[str] = mapped_column(String(40))
    document_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    reserved_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    reserved_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)


class StockMovement(Identified, Base):
    """One line of the stock ledger; never changed, never removed.

    `number` counts the lines of an item from 1: no two can follow the same one. `resulting_quantity` is the item's
    after it.
    """

    __tablename__ = "stock_movements"
    __table_args__ = (
        CheckConstraint("quantity_changed_by <> 0", name="moves"),
        CheckConstraint("resulting_quantity >= 0", name="resulting_quantity"),
        Index("uq_stock_movements_number", "item_id", "number", unique=True),
        Index("ix_stock_movements_lot_id", "lot_id", "id"),
        Index("ix_stock_movements_document", "document_type", "document_id"),
        Index("ix_stock_movements_activity_type", "activity_type", "id"),
        Index("ix_stock_movements_occurred_at", "occurred_at", "id"),
    )

    item_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("items.id"))
    lot_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("lots.id"))
    number: Mapped[int] = mapped_column(Integer)
    quantity_changed_by: Mapped[int] = mapped_column(Integer)
    resulting_quantity: Mapped[int] = mapped_column(Integer)
    activity_type: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(Text)
    document_type: Mapped[str | None] = mapped_column(String(40))
    document_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    user_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    witness_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    transaction_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    # When it happened, and when it was written down: what was offline comes later.
    occurred_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    recorded_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)


on_violation("uq_item_categories_name_key", CategoryNameTaken, field="name")
on_violation("uq_items_sku", SkuTaken, field="sku")
