"""What patients say of a visit."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from server.core.columns import Record, UTCDateTime
from server.core.constraints import on_violation
from server.core.db import Base
from server.core.errors import Conflict


class AlreadyReviewed(Conflict):
    """This appointment has its review already."""

    code = "already_reviewed"


class Review(Record, Base):
    """A patient's rating of one completed appointment; a hidden one counts no more."""

    __tablename__ = "doctor_reviews"
    __table_args__ = (
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
        Index("uq_doctor_reviews_appointment_id", "appointment_id", unique=True),
        Index("ix_doctor_reviews_doctor_id", "doctor_id", "id"),
        Index("ix_doctor_reviews_patient_id", "patient_id"),
    )

    doctor_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("doctors.id"))
    patient_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("patients.id"))
    appointment_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("appointments.id"))
    rating: Mapped[int] = mapped_column(Integer)
    comment: Mapped[str | None] = mapped_column(Text)
    show_name: Mapped[bool] = mapped_column(default=False)
    hidden_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    hidden_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    hidden_reason: Mapped[str | None] = mapped_column(Text)


on_violation("uq_doctor_reviews_appointment_id", AlreadyReviewed, field="appointment_id")
