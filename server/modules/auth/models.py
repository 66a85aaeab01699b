"""Credentials, sessions and mailed single-use tokens. No raw secret is ever stored."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from server.core import clock
from server.core.columns import Identified, UTCDateTime
from server.core.db import Base


class Credential(Base):
    """The password hash of a user."""

    __tablename__ = "credentials"

    user_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("users.id"), primary_key=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)


class Session(Identified, Base):
    """One sign-in on one device; ended by a time or by a reason. The generation is that of its refresh token."""

    __tablename__ = "sessions"
    __table_args__ = (Index("ix_sessions_user_id", "user_id", "ended_at"),)

    user_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("users.id"))
    generation: Mapped[int] = mapped_column(default=1)
    rotated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    last_used_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    idle_seconds: Mapped[int]
    idles_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    end_reason: Mapped[str | None] = mapped_column(String(30))
    user_agent: Mapped[str] = mapped_column(String(300))
    address: Mapped[str] = mapped_column(String(64))
    uses_cookie: Mapped[bool] = mapped_column(default=False)
    device_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("devices.id"))


class Purpose(StrEnum):
    """What a mailed token opens."""

    INVITATION = "invitation"
    PORTAL = "portal"
    VERIFICATION = "verification"
    EMAIL_CHANGE = "email_change"
    RESET = "reset"


class OneTimeToken(Identified, Base):
    """A mailed token, by its SHA-256 only; it works once and for a while.

    `subject_id` is what it opens beside the account (the chart of a portal invitation), `email` the address that it
    went to: it opens nothing once the account has another.
    """

    __tablename__ = "one_time_tokens"
    __table_args__ = (Index("ix_one_time_tokens_user_id", "user_id", "purpose"),)

    user_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("users.id"))
    purpose: Mapped[str] = mapped_column(String(20))
    subject_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    email: Mapped[str | None] = mapped_column(String(254))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Device(Identified, Base):
    """A device on which its user has signed in before: the failures of others never keep it out.

    Its token is both ids with a code that only the server can make, so there is nothing to store of it.
    """

    __tablename__ = "devices"
    __table_args__ = (Index("ix_devices_user_id", "user_id"),)

    user_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    last_used_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    forgotten_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Authenticator(Base):
    """A user's TOTP secret, encrypted, and the last time step whose code was used; a new one waits as `pending`."""

    __tablename__ = "authenticators"

    user_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("users.id"), primary_key=True)
    secret: Mapped[str | None] = mapped_column(String(300))
    pending_secret: Mapped[str | None] = mapped_column(String(300))
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)
    enabled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class RecoveryCode(Identified, Base):
    """One of ten codes for whoever lost the phone, by its SHA-256 only; it works once."""

    __tablename__ = "recovery_codes"
    __table_args__ = (Index("ix_recovery_codes_user_id", "user_id"),)

    user_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("users.id"))
    code_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Throttle(Base):
    """How many tries one account, address or device has had in the running window, and failures in a row."""

    __tablename__ = "throttles"

    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    tries: Mapped[int]
    failures: Mapped[int]
    ends_at: Mapped[datetime] = mapped_column(UTCDateTime)
