"""Counts of the shelf against what the ledger says."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from server.core.columns import Identified, Record, UTCDateTime
from server.core.db import Base


class Stocktake(Record, Base):
    """A count of some items, begun at one moment; what moved since then is counted again."""

    __tablename__ = "stocktakes"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'closed', 'cancelled')", name="status"),
        Index("uq_stocktakes_number", "number", unique=True),
        Index("ix_stocktakes_status", "status", "id"),
    )
    audited_values: ClassVar[frozenset[str]] = frozenset({"status"})

    number: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(10))
    notes: Mapped[str | None] = mapped_column(Text)
    opened_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    closed_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class StocktakeLine(Identified, Base):
    """A lot as it stood when the count began, and what was counted of it."""

    __tablename__ = "stocktake_lines"
    __table_args__ = (
        CheckConstraint("expected >= 0 AND counted >= 0", name="amounts"),
        Index("uq_stocktake_lines_lot_id", "stocktake_id", "lot_id", unique=True),
        Index("ix_stocktake_lines_lot_id", "lot_id"),
    )

    stocktake_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("stocktakes.id"))
    item_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("items.id"))
    lot_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("lots.id"))
    expected: Mapped[int] = mapped_column(Integer)
    # The item's number of movements when its line was written: another one says that something moved since.
    movement_count: Mapped[int] = mapped_column(Integer)
    counted: Mapped[int | None] = mapped_column(Integer)
    counted_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    counted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
