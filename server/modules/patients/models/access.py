"""Who beside the care team may reach a chart: contacts, proxies of guardians, and glass broken in need."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from server.core import clock
from server.core.columns import Identified, Record, UTCDateTime
from server.core.db import Base


class Contact(Record, Base):
    """Somebody to call, or who answers for the patient; ended ones stay on record."""

    __tablename__ = "patient_contacts"
    __table_args__ = (
        CheckConstraint("kind IN ('emergency', 'guardian', 'next_of_kin')", name="kind"),
        Index("ix_patient_contacts_patient_id", "patient_id", "id"),
    )

    patient_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("patients.id"))
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(200))
    relationship: Mapped[str] = mapped_column(String(100))
    phone: Mapped[str] = mapped_column(String(20))
    email: Mapped[str | None] = mapped_column(String(254))
    user_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Proxy(Record, Base):
    """What a contact with an account may do for the patient: one row per contact, its past is in the audit log.

    Each scope is a column, so that both databases answer "may view" from the row that the index found.
    """

    __tablename__ = "proxies"
    __table_args__ = (
        CheckConstraint("may_view OR may_book OR may_message OR may_pay", name="some_scope"),
        Index("uq_proxies_contact_id", "contact_id", unique=True),
        Index("ix_proxies_user_id", "user_id", "patient_id"),
        Index("ix_proxies_patient_id", "patient_id"),
    )
    audited_values: ClassVar[frozenset[str]] = frozenset(
        {"user_id", "may_view", "may_book", "may_message", "may_pay", "expires_at", "revoked_at"}
    )

    contact_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("patient_contacts.id"))
    patient_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("patients.id"))
    user_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("users.id"))
    may_view: Mapped[bool]
    may_book: Mapped[bool]
    may_message: Mapped[bool]
    may_pay: Mapped[bool]
    granted_by: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("users.id"))
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class BrokenGlass(Identified, Base):
    """One chart opened in need to one user for a while, and why."""

    __tablename__ = "broken_glass"
    __table_args__ = (Index("ix_broken_glass_open", "patient_id", "user_id", "expires_at"),)

    patient_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("patients.id"))
    user_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("users.id"))
    reason: Mapped[str] = mapped_column(Text)
    broken_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
