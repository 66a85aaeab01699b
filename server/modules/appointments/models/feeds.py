"""Tokens of calendar feeds."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from server.core import clock
from server.core.columns import Identified, UTCDateTime
from server.core.db import Base


class CalendarToken(Identified, Base):
    """The right of a calendar program to read one user's appointments; the token itself is kept nowhere."""

    __tablename__ = "calendar_tokens"
    __table_args__ = (
        Index("uq_calendar_tokens_token_hash", "token_hash", unique=True),
        Index("ix_calendar_tokens_user_id", "user_id", "id"),
    )

    user_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("users.id"))
    token_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
