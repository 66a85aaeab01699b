"""Patients: demographics and the folded text by which they are found."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, Text, Uuid, false
from sqlalchemy.orm import Mapped, mapped_column

from server.core.columns import FoldedKey, Record
from server.core.db import Base
from server.core.people import full_name
from server.modules.patients.enums import PatientStatus


class Patient(Record, Base):
    """A patient; `number` is the MRN's number, and the row id of the SQLite search index."""

    __tablename__ = "patients"
    __table_args__ = (
        CheckConstraint("sex IN ('female', 'male', 'other', 'unknown')", name="sex"),
        CheckConstraint("status IN ('active', 'inactive', 'deceased', 'merged')", name="status"),
        Index("uq_patients_number", "number", unique=True),
        Index("uq_patients_mrn", "mrn", unique=True),
        Index("uq_patients_user_id", "user_id", unique=True),
        Index("ix_patients_last_name", "last_name_key", "id"),
        Index("ix_patients_created_at", "created_at", "id"),
        Index("ix_patients_identity", "date_of_birth", "last_name_key", "first_name_key"),
        Index("ix_patients_phone", "phone"),
        Index("ix_patients_email_key", "email_key"),
        Index("ix_patients_primary_doctor_id", "primary_doctor_id"),
        Index("ix_patients_merged_into_id", "merged_into_id"),
        Index(
            "ix_patients_search_text",
            "search_text",
            postgresql_using="gin",
            postgresql_ops={"search_text": "gin_trgm_ops"},
        ).ddl_if(dialect="postgresql"),
    )
    audited_values: ClassVar[frozenset[str]] = frozenset({"status"})

    number: Mapped[int] = mapped_column(BigInteger)
    mrn: Mapped[str] = mapped_column(String(20))
    user_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    prefix: Mapped[str | None] = mapped_column(String(40))
    first_name: Mapped[str] = mapped_column(String(100))
    middle_name: Mapped[str | None] = mapped_column(String(100))
    last_name: Mapped[str] = mapped_column(String(100))
    preferred_name: Mapped[str | None] = mapped_column(String(100))
    maiden_name: Mapped[str | None] = mapped_column(String(100))
    date_of_birth: Mapped[date]
    sex: Mapped[str] = mapped_column(String(10))
    gender_identity: Mapped[str | None] = mapped_column(String(60))
    phone: Mapped[str | None] = mapped_column(String(20))
    email: Mapped[str | None] = mapped_column(String(254))
    address_line1: Mapped[str | None] = mapped_column(String(200))
    address_line2: Mapped[str | None] = mapped_column(String(200))
    address_city: Mapped[str | None] = mapped_column(String(100))
    address_state: Mapped[str | None] = mapped_column(String(100))
    address_postal_code: Mapped[str | None] = mapped_column(String(20))
    address_country: Mapped[str | None] = mapped_column(String(2))
    language: Mapped[str | None] = mapped_column(String(12))
    marital_status: Mapped[str | None] = mapped_column(String(20))
    occupation: Mapped[str | None] = mapped_column(String(100))
    primary_doctor_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("doctors.id"))
    status: Mapped[str] = mapped_column(String(10), default=PatientStatus.ACTIVE)
    deceased_on: Mapped[date | None]
    notes: Mapped[str | None] = mapped_column(Text)
    identifiers: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    registered_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    possible_duplicate: Mapped[bool] = mapped_column(default=False, server_default=false())
    # Who a merged patient is now. A merge moves it along, so that it is never more than one step.
    merged_into_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("patients.id"))

    last_name_key: Mapped[str] = mapped_column(FoldedKey)
    first_name_key: Mapped[str] = mapped_column(FoldedKey)
    email_key: Mapped[str | None] = mapped_column(String(254))
    city_key: Mapped[str | None] = mapped_column(String(300))
    search_text: Mapped[str] = mapped_column(Text)
    card_text: Mapped[str] = mapped_column(Text)
    # Names and numbers, folded, of those who were merged into this patient: they find the one who stayed.
    alias_text: Mapped[str | None] = mapped_column(Text)

    @property
    def name(self) -> str:
        """How the patient is shown."""
        return full_name(self.first_name, self.last_name)
