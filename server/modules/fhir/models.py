"""FHIR resources as they were received, and what became of them."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Index, LargeBinary, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from server.core import clock
from server.core.columns import Identified, UTCDateTime
from server.core.db import Base


class Reason(StrEnum):
    """Why a resource was kept and not placed."""

    NO_ROOM = "no_room"
    UNKNOWN_PATIENT = "unknown_patient"
    UNKNOWN_PRACTITIONER = "unknown_practitioner"
    INVALID = "invalid"
    DUPLICATE = "duplicate"
    ENTERED_IN_ERROR = "entered_in_error"
    REFUTED = "refuted"
    NOT_IN_FORCE = "not_in_force"
    NOT_BEGUN = "not_begun"
    NONE_KNOWN = "states_no_known_allergies"
    CLOSED_HERE = "closed_here"
    SUPERSEDED = "superseded"


# These are offered again on every run: their room, or the one they are about, may be there by then.
OF_NOBODY_KNOWN = (Reason.UNKNOWN_PATIENT, Reason.UNKNOWN_PRACTITIONER)
WAITING = (Reason.NO_ROOM, *OF_NOBODY_KNOWN)


class FhirResource(Identified, Base):
    """One resource, deflated; a changed copy of the same resource is a row of its own."""

    __tablename__ = "fhir_resources"
    __table_args__ = (
        # The id first: a look-up asks for all ids of a file at once, and most resources have the same source.
        Index("uq_fhir_resources_received", "resource_id", "source", "resource_type", "digest", unique=True),
        Index("ix_fhir_resources_object", "object_type", "object_id"),
        Index("ix_fhir_resources_waiting", "reason", "resource_type", "id"),
    )

    source: Mapped[str] = mapped_column(String(200))
    resource_type: Mapped[str] = mapped_column(String(60))
    resource_id: Mapped[str] = mapped_column(String(100))
    digest: Mapped[str] = mapped_column(String(64))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    reason: Mapped[str | None] = mapped_column(String(40))
    object_type: Mapped[str | None] = mapped_column(String(60))
    object_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    received_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)


class ImportProgress(Base):
    """How many parts of one input are taken in, so that an interrupted import goes on from there."""

    __tablename__ = "import_progress"

    input_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(300))
    done: Mapped[int] = mapped_column(BigInteger, default=0)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now, onupdate=clock.now)
