"""Doctors as patients find them, what they practise, and the clinic they practise in."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.core import clock
from server.core.columns import FoldedKey, Identified, Record, Stamped, UTCDateTime
from server.core.db import Base
from server.core.people import full_name
from server.modules.doctors.enums import DoctorStatus


class Specialty(Record, Base):
    """What a doctor can be a specialist in; `code` is a slug."""

    __tablename__ = "specialties"
    __table_args__ = (Index("uq_specialties_code", "code", unique=True), Index("ix_specialties_name", "name_key", "id"))

    code: Mapped[str] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(100))
    name_key: Mapped[str] = mapped_column(FoldedKey)


class Doctor(Record, Base):
    """A doctor with or without an account.

    `calendar_version` counts up in the transaction of each change of hours, leave or status: a booking that was judged
    by older hours finds another number, and is judged again.
    """

    __tablename__ = "doctors"
    __table_args__ = (
        CheckConstraint("status IN ('active', 'inactive')", name="status"),
        Index("uq_doctors_user_id", "user_id", unique=True),
        Index("ix_doctors_last_name", "last_name_key", "id"),
        Index("ix_doctors_rating", "rating_thousandths", "id"),
        Index("ix_doctors_fee", "fee_key", "id"),
        Index("ix_doctors_city", "city_key"),
        Index("ix_doctors_license_number", "license_number"),
    )
    audited_values: ClassVar[frozenset[str]] = frozenset({"status"})

    user_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    first_name: Mapped[str] = mapped_column(String(100))
    last_name: Mapped[str] = mapped_column(String(100))
    title: Mapped[str | None] = mapped_column(String(60))
    license_number: Mapped[str | None] = mapped_column(String(60))
    license_expires_on: Mapped[date | None]
    years_of_experience: Mapped[int | None] = mapped_column(Integer)
    qualifications: Mapped[list[str]] = mapped_column(JSON, default=list)
    bio: Mapped[str | None] = mapped_column(Text)
    languages: Mapped[list[str]] = mapped_column(JSON, default=list)
    city: Mapped[str | None] = mapped_column(String(100))
    consultation_fee: Mapped[int | None] = mapped_column(BigInteger)
    default_duration_minutes: Mapped[int | None] = mapped_column(Integer)
    timezone: Mapped[str | None] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(10), default=DoctorStatus.ACTIVE)
    rating_count: Mapped[int] = mapped_column(Integer, default=0)
    rating_sum: Mapped[int] = mapped_column(Integer, default=0)
    rating_thousandths: Mapped[int] = mapped_column(Integer, default=0)
    calendar_version: Mapped[int] = mapped_column(Integer, default=0)

    last_name_key: Mapped[str] = mapped_column(FoldedKey)
    city_key: Mapped[str | None] = mapped_column(String(300))
    fee_key: Mapped[int] = mapped_column(BigInteger, default=0)
    language_keys: Mapped[str] = mapped_column(Text, default="")
    search_text: Mapped[str] = mapped_column(Text)

    specialty_rows: Mapped[list[DoctorSpecialty]] = relationship(lazy="selectin", cascade="all, delete-orphan")

    @property
    def name(self) -> str:
        """How the doctor is shown."""
        return full_name(self.first_name, self.last_name)


class DoctorSpecialty(Base):
    """One specialty of one doctor."""

    __tablename__ = "doctor_specialties"
    __table_args__ = (Index("ix_doctor_specialties_specialty_id", "specialty_id", "doctor_id"),)

    doctor_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("doctors.id"), primary_key=True)
    specialty_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("specialties.id"), primary_key=True)


class Favorite(Base):
    """A doctor whom a patient's account has marked."""

    __tablename__ = "doctor_favorites"
    __table_args__ = (Index("ix_doctor_favorites_doctor_id", "doctor_id"),)

    user_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("users.id"), primary_key=True)
    doctor_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("doctors.id"), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)


class Clinic(Record, Base):
    """What the clinic says of itself: one row. Its zone and currency are settings of the installation."""

    __tablename__ = "clinic"
    __table_args__ = (CheckConstraint("number = 1", name="only_one"), Index("uq_clinic_number", "number", unique=True))

    number: Mapped[int] = mapped_column(Integer, default=1)
    name: Mapped[str | None] = mapped_column(String(200))
    phone: Mapped[str | None] = mapped_column(String(20))
    email: Mapped[str | None] = mapped_column(String(254))
    address: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    opening_days: Mapped[list[str]] = mapped_column(JSON, default=list)
    letterhead: Mapped[str | None] = mapped_column(Text)


class Holiday(Identified, Stamped, Base):
    """A date on which nobody sees patients."""

    __tablename__ = "clinic_holidays"
    __table_args__ = (Index("uq_clinic_holidays_held_on", "held_on", unique=True),)

    held_on: Mapped[date]
    name: Mapped[str] = mapped_column(String(100))
