"""When a doctor sees patients: weekly windows, dates with hours of their own, and leave."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Integer, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from server.core.columns import Record, UTCDateTime
from server.core.db import Base


class Window(Record, Base):
    """A weekly window in the doctor's wall-clock time; one that ends at or before its start runs into the next day."""

    __tablename__ = "availability_windows"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint("start_minute BETWEEN 0 AND 1439 AND end_minute BETWEEN 0 AND 1439", name="minutes"),
        CheckConstraint("slot_minutes BETWEEN 5 AND 480", name="slot"),
        CheckConstraint("capacity >= 1", name="capacity"),
        Index("ix_availability_windows_doctor_id", "doctor_id", "weekday", "start_minute"),
    )

    doctor_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("doctors.id"))
    weekday: Mapped[int] = mapped_column(Integer)  # 0 is Monday
    start_minute: Mapped[int] = mapped_column(Integer)  # minutes after midnight
    end_minute: Mapped[int] = mapped_column(Integer)
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    slot_minutes: Mapped[int] = mapped_column(Integer)
    buffer_before: Mapped[int] = mapped_column(Integer, default=0)
    buffer_after: Mapped[int] = mapped_column(Integer, default=0)
    capacity: Mapped[int] = mapped_column(Integer, default=1)
    location: Mapped[str | None] = mapped_column(String(200))


class Override(Record, Base):
    """Hours of one date: instead of, or beside, those of the week; or none.

    `windows` holds `{start_minute, end_minute, slot_minutes, buffer_before, buffer_after, capacity, location}` each.
    """

    __tablename__ = "availability_overrides"
    __table_args__ = (
        CheckConstraint("kind IN ('replace', 'extra', 'closed')", name="kind"),
        Index("ix_availability_overrides_doctor_id", "doctor_id", "held_on"),
    )

    doctor_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("doctors.id"))
    held_on: Mapped[date]
    kind: Mapped[str] = mapped_column(String(10))
    windows: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)


class TimeOff(Record, Base):
    """A doctor's leave."""

    __tablename__ = "time_off"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="order"),
        Index("ix_time_off_doctor_id", "doctor_id", "starts_at"),
    )

    doctor_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("doctors.id"))
    starts_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ends_at: Mapped[datetime] = mapped_column(UTCDateTime)
    reason: Mapped[str | None] = mapped_column(String(200))
