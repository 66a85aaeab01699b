"""Keep the audit log's monthly partitions ahead of time (PostgreSQL only)."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection, text

from server.core import clock
from server.core.db import is_postgres
from server.core.uow import command

MONTHS_AHEAD = 24


def keep_ahead() -> int:
    """Create the partitions of the coming months in a unit of work of its own and return how many."""
    with command("audit.partitions", "audit_log") as unit:
        return ensure_partitions(unit.connection, clock.now().date()) if is_postgres(unit.connection) else 0


def _month(start: date, offset: int) -> date:
    months = start.year * 12 + start.month - 1 + offset
    return date(months // 12, months % 12 + 1, 1)


def ensure_partitions(connection: Connection, today: date, *, months: int = MONTHS_AHEAD) -> int:
    """Create the partitions that are missing from this month on and return how many.

    Rows of other months go to the default partition, so none is ever refused.
    """
    made = 0
    for offset in range(months):
        start, end = _month(today, offset), _month(today, offset + 1)
        name = f"audit_logs_y{start:%Y}m{start:%m}"
        if connection.scalar(text("SELECT to_regclass(:name)"), {"name": name}) is not None:
            continue
        connection.execute(
            text(f"CREATE TABLE {name} PARTITION OF audit_logs FOR VALUES FROM ('{start}') TO ('{end}')")
        )
        connection.execute(
            text(
                f"CREATE TRIGGER audit_logs_no_truncate BEFORE TRUNCATE ON {name} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
            )
        )
        made += 1
    return made
