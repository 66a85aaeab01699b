"""Files that people sent: where the bytes lie, what they are, and what a scanner said of them."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from server.core import clock
from server.core.columns import Identified, UTCDateTime
from server.core.db import Base
from server.modules.files.enums import FileStatus


class StoredFile(Identified, Base):
    """One file as it was sent; whoever refers to it decides who may fetch it."""

    __tablename__ = "stored_files"
    __table_args__ = (
        CheckConstraint("scan IN ('pending', 'clean', 'infected', 'unscanned')", name="scan"),
        CheckConstraint("size >= 0", name="size"),
        Index("uq_stored_files_storage_key", "storage_key", unique=True),
        CheckConstraint("status IN ('staged', 'kept', 'dropped')", name="status"),
        # What waits for its scan, or for being kept, is little.
        Index(
            "ix_stored_files_scan",
            "id",
            postgresql_where=text("scan = 'pending'"),
            sqlite_where=text("scan = 'pending'"),
        ),
        Index(
            "ix_stored_files_status",
            "id",
            postgresql_where=text("status <> 'kept'"),
            sqlite_where=text("status <> 'kept'"),
        ),
    )

    storage_key: Mapped[str] = mapped_column(String(80))
    preview_key: Mapped[str | None] = mapped_column(String(80))
    # What the sender called it; never a path.
    name: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(60))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(10), default=FileStatus.STAGED)
    scan: Mapped[str] = mapped_column(String(10))
    scanned_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # When a scan last ended without a verdict.
    scan_tried_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    uploaded_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
