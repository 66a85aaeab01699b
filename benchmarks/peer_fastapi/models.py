"""The tables that the compared endpoints use, as entities."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import DateTime
from sqlalchemy.dialects.postgresql import JSON, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from uuid_utils.compat import uuid7


def now() -> datetime:
    """Return the present."""
    return datetime.now(UTC)


class Base(DeclarativeBase):
    """The base of all tables."""

    type_annotation_map = {datetime: DateTime(timezone=True)}  # noqa: RUF012 -- SQLAlchemy's own name


class UserSession(Base):
    """A sign-in."""

    __tablename__ = "sessions"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class UserRole(Base):
    """One role of one user."""

    __tablename__ = "user_roles"

    user_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)


class Patient(Base):
    """A patient."""

    __tablename__ = "patients"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    mrn: Mapped[str]
    user_id: Mapped[uuid.UUID | None]
    prefix: Mapped[str | None]
    first_name: Mapped[str]
    middle_name: Mapped[str | None]
    last_name: Mapped[str]
    preferred_name: Mapped[str | None]
    maiden_name: Mapped[str | None]
    date_of_birth: Mapped[date]
    sex: Mapped[str]
    gender_identity: Mapped[str | None]
    phone: Mapped[str | None]
    email: Mapped[str | None]
    address_line1: Mapped[str | None]
    address_line2: Mapped[str | None]
    address_city: Mapped[str | None]
    address_state: Mapped[str | None]
    address_postal_code: Mapped[str | None]
    address_country: Mapped[str | None]
    language: Mapped[str | None]
    marital_status: Mapped[str | None]
    occupation: Mapped[str | None]
    primary_doctor_id: Mapped[uuid.UUID | None]
    status: Mapped[str]
    deceased_on: Mapped[date | None]
    notes: Mapped[str | None]
    identifiers: Mapped[list[Any]] = mapped_column(JSON)
    possible_duplicate: Mapped[bool]
    merged_into_id: Mapped[uuid.UUID | None]
    last_name_key: Mapped[str]
    search_text: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
    version: Mapped[int]

    @property
    def name(self) -> str:
        """Both names."""
        return f"{self.first_name} {self.last_name}"

    @property
    def age(self) -> int:
        """Completed years, at death for the dead."""
        born, until = self.date_of_birth, self.deceased_on or now().date()
        return until.year - born.year - ((until.month, until.day) < (born.month, born.day))

    @property
    def address(self) -> dict[str, str | None] | None:
        """The postal address, or nothing where no part of it is known."""
        parts = {
            "line1": self.address_line1,
            "line2": self.address_line2,
            "city": self.address_city,
            "state": self.address_state,
            "postal_code": self.address_postal_code,
            "country": self.address_country,
        }
        return parts if any(parts.values()) else None


class AuditLog(Base):
    """What one request did."""

    __tablename__ = "audit_logs"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    at: Mapped[datetime] = mapped_column(primary_key=True, default=now)
    request_id: Mapped[uuid.UUID] = mapped_column(default=uuid7)
    actor_id: Mapped[uuid.UUID | None]
    actor_roles: Mapped[list[str]] = mapped_column(JSONB)
    session_id: Mapped[uuid.UUID | None]
    address: Mapped[str]
    method: Mapped[str]
    route: Mapped[str]
    action: Mapped[str]
    object_type: Mapped[str]
    object_id: Mapped[uuid.UUID | None]
    patient_id: Mapped[uuid.UUID | None]
    outcome: Mapped[str] = mapped_column(default="success")
    status: Mapped[int] = mapped_column(default=200)
    duration_ms: Mapped[int] = mapped_column(default=0)
    changed: Mapped[list[str]] = mapped_column(JSONB, default=list)
    object_ids: Mapped[list[str]] = mapped_column(JSONB, default=list)
    object_count: Mapped[int | None]
    note: Mapped[str] = mapped_column(default="")
