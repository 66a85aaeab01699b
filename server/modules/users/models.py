"""Accounts and their roles."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.core.access import Role
from server.core.columns import FoldedKey, Record, UTCDateTime
from server.core.constraints import on_violation
from server.core.db import Base
from server.core.errors import Conflict
from server.core.people import full_name
from server.modules.users.enums import UserStatus


class EmailTaken(Conflict):
    """Another account uses that e-mail address."""

    code = "email_taken"


class UsernameTaken(Conflict):
    """Another account uses that user name."""

    code = "username_taken"


class User(Record, Base):
    """A person with an account; never removed, only deactivated."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("status IN ('invited', 'active', 'locked', 'deactivated')", name="status"),
        Index("uq_users_email_key", "email_key", unique=True),
        Index("uq_users_username_key", "username_key", unique=True),
        Index("ix_users_last_name", "last_name_key", "id"),
        Index("ix_users_created_at", "created_at", "id"),
    )
    audited_values: ClassVar[frozenset[str]] = frozenset({"status"})

    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254))
    username: Mapped[str | None] = mapped_column(String(64))
    username_key: Mapped[str | None] = mapped_column(String(64))
    first_name: Mapped[str] = mapped_column(String(100))
    last_name: Mapped[str] = mapped_column(String(100))
    phone: Mapped[str | None] = mapped_column(String(20))
    language: Mapped[str | None] = mapped_column(String(12))
    status: Mapped[str] = mapped_column(String(12), default=UserStatus.INVITED)
    email_verified_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    mfa_enabled: Mapped[bool] = mapped_column(default=False)
    last_login_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_name_key: Mapped[str] = mapped_column(FoldedKey)
    search_text: Mapped[str] = mapped_column(Text)

    role_rows: Mapped[list[UserRole]] = relationship(lazy="selectin", cascade="all, delete-orphan")

    @property
    def roles(self) -> list[Role]:
        """The roles, sorted."""
        return sorted(Role(row.role) for row in self.role_rows)

    @property
    def role_names(self) -> str:
        """The roles as the list query returns them."""
        return ",".join(self.roles)

    @property
    def name(self) -> str:
        """How the person is shown."""
        return full_name(self.first_name, self.last_name)


class UserRole(Base):
    """One role of one user."""

    __tablename__ = "user_roles"
    __table_args__ = (Index("ix_user_roles_role", "role", "user_id"),)

    user_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("users.id"), primary_key=True)
    role: Mapped[str] = mapped_column(String(24), primary_key=True)


on_violation("uq_users_email_key", EmailTaken, field="email")
on_violation("uq_users_username_key", UsernameTaken, field="username")
