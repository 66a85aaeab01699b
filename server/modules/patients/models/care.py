"""Care relations: who may open a patient's chart, since when, until when and why."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from server.core import clock
from server.core.columns import Identified, UTCDateTime
from server.core.constraints import on_violation
from server.core.db import Base
from server.core.errors import Conflict


class AlreadyMember(Conflict):
    """This person is in the care team already."""

    code = "already_member"


class CareRelation(Identified, Base):
    """One person, or an audience such as nurses and technicians, cares for a patient for a while."""

    __tablename__ = "care_relations"
    __table_args__ = (
        CheckConstraint("(user_id IS NULL) <> (audience IS NULL)", name="one_holder"),
        Index("ix_care_relations_user_id", "patient_id", "user_id"),
        Index("ix_care_relations_of_user", "user_id", "patient_id"),
        Index("ix_care_relations_audience", "audience", "patient_id"),
        Index("ix_care_relations_source", "source", "source_id"),
        Index(
            "uq_care_relations_team",
            "patient_id",
            "user_id",
            unique=True,
            postgresql_where=text("source = 'care_team' AND ends_at IS NULL"),
            sqlite_where=text("source = 'care_team' AND ends_at IS NULL"),
        ),
    )

    patient_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("patients.id"))
    user_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    audience: Mapped[str | None] = mapped_column(String(30))
    source: Mapped[str] = mapped_column(String(20))
    source_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    role: Mapped[str | None] = mapped_column(String(60))
    added_by: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    starts_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    ends_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


on_violation("uq_care_relations_team", AlreadyMember, field="user_id")
