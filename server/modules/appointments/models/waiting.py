"""The waiting list: who would come if time came free, and what they were offered."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Integer, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from server.core.columns import Record, UTCDateTime
from server.core.db import Base
from server.modules.appointments.enums import WaitStatus


class WaitlistEntry(Record, Base):
    """A patient who waits for one doctor, or any doctor of a specialty, between two days.

    An offer is a hold; its id, time and end are kept here after it is gone.
    """

    __tablename__ = "waitlist_entries"
    __table_args__ = (
        CheckConstraint("(doctor_id IS NULL) <> (specialty_id IS NULL)", name="one_wish"),
        CheckConstraint("last_day >= first_day", name="order"),
        Index("ix_waitlist_entries_patient_id", "patient_id", "id"),
        Index("ix_waitlist_entries_doctor_id", "doctor_id", "status", "id"),
        Index("ix_waitlist_entries_specialty_id", "specialty_id", "status", "id"),
        Index("ix_waitlist_entries_status", "status", "offer_expires_at"),
    )

    patient_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("patients.id"))
    doctor_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("doctors.id"))
    specialty_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("specialties.id"))
    first_day: Mapped[date]
    last_day: Mapped[date]
    days: Mapped[list[str] | None] = mapped_column(JSON)
    duration_minutes: Mapped[int | None] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(String(10), default=WaitStatus.WAITING)
    added_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    offer_hold_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    offer_doctor_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("doctors.id"))
    offer_starts_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    offer_ends_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    offer_expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    appointment_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("appointments.id"))
