"""The audit log, one row per request, and the seals over it. Triggers refuse UPDATE, DELETE and TRUNCATE.

On PostgreSQL the log is partitioned by month with a BRIN index on time; ids are UUIDv7, so their order is time's.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, UniqueConstraint, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from server.core.columns import UTCDateTime
from server.core.db import Base

Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class AuditLog(Base):
    """What one request did: who, what, on which object, with which outcome; never bodies or free text."""

    __tablename__ = "audit_logs"
    __table_args__ = (
        Index("ix_audit_logs_object", "object_type", "object_id", "at"),
        Index("ix_audit_logs_patient", "patient_id", "id"),
        Index("ix_audit_logs_actor", "actor_id", "id"),
        Index("ix_audit_logs_at", "at", postgresql_using="brin").ddl_if(dialect="postgresql"),
        {"postgresql_partition_by": "RANGE (at)"},
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime, primary_key=True)
    request_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    actor_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    actor_roles: Mapped[list[str]] = mapped_column(Json)
    session_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    address: Mapped[str] = mapped_column(String(64))
    method: Mapped[str] = mapped_column(String(10))
    route: Mapped[str] = mapped_column(String(200))
    action: Mapped[str] = mapped_column(String(60))
    object_type: Mapped[str] = mapped_column(String(60))
    object_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    patient_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    outcome: Mapped[str] = mapped_column(String(10))
    status: Mapped[int]
    duration_ms: Mapped[int]
    changed: Mapped[list[str]] = mapped_column(Json)
    values_before: Mapped[dict[str, Any] | None] = mapped_column(Json)
    values_after: Mapped[dict[str, Any] | None] = mapped_column(Json)
    version_before: Mapped[int | None]
    version_after: Mapped[int | None]
    object_ids: Mapped[list[str]] = mapped_column(Json)
    object_count: Mapped[int | None]
    note: Mapped[str] = mapped_column(String(60))
    break_glass_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    on_behalf_of: Mapped[uuid.UUID | None] = mapped_column(Uuid)


class AuditSeal(Base):
    """A batch of sealed rows: the Merkle root over them, chained to the seal before and signed."""

    __tablename__ = "audit_seals"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    format: Mapped[int]
    sealed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    horizon: Mapped[datetime] = mapped_column(UTCDateTime)
    row_count: Mapped[int]
    root: Mapped[str] = mapped_column(String(64))
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    key_id: Mapped[str] = mapped_column(String(16))
    signature: Mapped[str] = mapped_column(String(64))


class AuditLeaf(Base):
    """The place of one row of the log in its seal, and the hash of what the row said then."""

    __tablename__ = "audit_leaves"
    __table_args__ = (UniqueConstraint("seal_number", "position"),)

    audit_log_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    seal_number: Mapped[int] = mapped_column(ForeignKey("audit_seals.number"))
    position: Mapped[int]
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class AuditRetirement(Base):
    """A seal whose rows were moved to a file, signed as the seal is."""

    __tablename__ = "audit_retirements"

    seal_number: Mapped[int] = mapped_column(ForeignKey("audit_seals.number"), primary_key=True, autoincrement=False)
    retired_at: Mapped[datetime] = mapped_column(UTCDateTime)
    file_name: Mapped[str] = mapped_column(String(120))
    file_hash: Mapped[str] = mapped_column(String(64))
    key_id: Mapped[str] = mapped_column(String(16))
    signature: Mapped[str] = mapped_column(String(64))
