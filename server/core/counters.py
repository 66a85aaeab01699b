"""Count what people number: each value once, never again. The row stays locked until the unit of work ends."""

from __future__ import annotations

from sqlalchemy import BigInteger, Connection, String
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from server.core.db import Base, is_postgres


class Counter(Base):
    """The last number given out under a name."""

    __tablename__ = "counters"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)


def next_number(connection: Connection, name: str, *, count: int = 1) -> int:
    """Return the next number under `name`, or the last of the next `count`.

    Whoever asks at the same time waits, so work that follows is serialised.
    """
    table = Counter.__table__
    insert = postgresql.insert if is_postgres(connection) else sqlite.insert
    # One statement, because of two who ask for the very first number neither finds a row to lock.
    step = insert(table).values(name=name, value=count)
    step = step.on_conflict_do_update(index_elements=[table.c.name], set_={"value": table.c.value + count})
    return int(connection.execute(step.returning(table.c.value)).scalar_one())
