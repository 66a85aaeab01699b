"""Column types and mixins that tables share."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import BindParameter, DateTime, Integer, String, Uuid, bindparam
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Mapped, declared_attr, mapped_column
from sqlalchemy.types import TypeDecorator

from server.core import clock
from server.core.errors import Stale, VersionRequired
from server.core.ids import new_id
from server.core.text import LONGEST_KEY

# A folded key sorts by its code points on both databases, whatever the language of the server.
FoldedKey = String(LONGEST_KEY).with_variant(String(LONGEST_KEY, collation="C"), "postgresql")


class UTCDateTime(TypeDecorator[datetime]):
    """An instant: refuses naive values, stores UTC and returns UTC on both databases."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None] | None:
        # PostgreSQL answers in UTC, by the time zone that each of our connections asks for.
        return None if dialect.name == "postgresql" else super().result_processor(dialect, coltype)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is UTC:
            return value
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


# The time at which a statement runs, in statements that are kept and run again.
NOW: BindParameter[datetime] = bindparam("now", callable_=clock.now, type_=UTCDateTime())


@dataclass(frozen=True, slots=True)
class Expected:
    """The version that a caller says it has read; `required` where one must be said."""

    version: int | None = None
    required: bool = False

    def check(self, present: int) -> None:
        """Raise `VersionRequired` or `Stale` unless `present` is what the caller has read."""
        if self.version is None and self.required:
            raise VersionRequired
        if self.version is not None and self.version != present:
            raise Stale(current_version=present)

    def agreeing_with(self, version: int | None) -> Expected:
        """Return what is expected where a version may be said in a second place: where both are, both must be right."""
        if version is None or self.version == version:
            return self
        return Expected(version if self.version is None else -1, required=self.required)


ANY_VERSION = Expected()


class Identified:
    """A UUIDv7 primary key."""

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id, sort_order=-10)


class Stamped:
    """When the row was made and last changed."""

    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now, sort_order=90)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now, onupdate=clock.now, sort_order=91)


class Versioned:
    """A version that grows by one with each change; an UPDATE on a stale one finds no row."""

    version: Mapped[int] = mapped_column(Integer, nullable=False, sort_order=92)

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version}

    def require(self, expected: Expected) -> None:
        """Raise `Stale` unless this is the version that the caller has read."""
        expected.check(self.version)

    def touch(self) -> None:
        """Count a change of something that belongs to this row but lies in another table."""
        self.updated_at = clock.now()


class Record(Identified, Stamped, Versioned):
    """What every mutable resource has: id, times, version. `audited_values` may be kept in the audit log."""

    audited_values: ClassVar[frozenset[str]] = frozenset()
