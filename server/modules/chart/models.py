"""Tables of the chart module: which patients were merged, and what a merge changed in which rows."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from server.core import clock
from server.core.columns import Identified, UTCDateTime
from server.core.db import Base


class PatientMerge(Identified, Base):
    """One patient merged into another; `account` says what became of the duplicate's account."""

    __tablename__ = "patient_merges"
    __table_args__ = (
        Index("ix_patient_merges_survivor_id", "survivor_id", "id"),
        Index(
            "uq_patient_merges_duplicate_id",
            "duplicate_id",
            unique=True,
            postgresql_where=text("undone_at IS NULL"),
            sqlite_where=text("undone_at IS NULL"),
        ),
    )

    survivor_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("patients.id"))
    duplicate_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("patients.id"))
    merged_by: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("users.id"))
    merged_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    account: Mapped[str | None] = mapped_column(String(12))
    account_status: Mapped[str | None] = mapped_column(String(12))
    # The account's version once it was closed: whoever touched it since had a reason, and it stays as it is.
    account_version: Mapped[int | None]
    undone_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    undone_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class MergedRows(Base):
    """Rows of one table in which a merge changed the same columns from the same values to the same values."""

    __tablename__ = "merged_rows"

    merge_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("patient_merges.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    table_name: Mapped[str] = mapped_column(String(63))
    row_keys: Mapped[list[list[Any]]] = mapped_column(JSON)
    before: Mapped[dict[str, Any]] = mapped_column(JSON)
    after: Mapped[dict[str, Any]] = mapped_column(JSON)
