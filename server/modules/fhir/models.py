"""FHIR resources as they were received, and what became of them."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, Index, LargeBinary, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from server.core import clock
from server.core.columns import Identified, UTCDateTime
from server.core.db import db


class FhirResource(Identified, db.Model):  # type: ignore[name-defined,misc]
    """One resource, deflated; a changed copy of the same resource is a row of its own."""

    __tablename__ = "fhir_resources"
    __table_args__ = (
        Index("uq_fhir_resources_received", "source", "resource_type", "resource_id", "digest", unique=True),
        Index("ix_fhir_resources_object", "object_type", "object_id"),
    )

    source: Mapped[str] = mapped_column(String(200))
    resource_type: Mapped[str] = mapped_column(String(60))
    resource_id: Mapped[str] = mapped_column(String(100))
    digest: Mapped[str] = mapped_column(String(64))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    object_type: Mapped[str | None] = mapped_column(String(60))
    object_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    received_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)


class ImportProgress(db.Model):  # type: ignore[name-defined,misc]
    """How far one input of one import has come, so that an interrupted import goes on from there."""

    __tablename__ = "import_progress"

    input_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(300))
    done: Mapped[int] = mapped_column(BigInteger, default=0)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now, onupdate=clock.now)
