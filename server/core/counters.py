"""Count what people number: each value once, never again. The row stays locked until the unit of work ends."""

from __future__ import annotations

from sqlalchemy import BigInteger, Connection, String, insert, update
from sqlalchemy.orm import Mapped, mapped_column

from server.core.db import Base


class Counter(Base):
    """The last number given out under a name."""

    __tablename__ = "counters"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)


def next_number(connection: Connection, name: str) -> int:
    """Return the next number under `name`; whoever asks at the same time waits, so work that follows is serialised."""
    table = Counter.__table__
    step = update(table).where(table.c.name == name).values(value=table.c.value + 1).returning(table.c.value)
    value = connection.scalar(step)
    if value is None:
        connection.execute(insert(table).values(name=name, value=1))
        return 1
    return int(value)
