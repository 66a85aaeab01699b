"""Go between the ids of rows, which are UUIDv7, and times."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

# How far the clocks of two machines, and a request and its row, may lie apart.
MARGIN = timedelta(minutes=5)


def id_from(instant: datetime) -> uuid.UUID:
    """Return the lowest id that a row of this instant can have."""
    return uuid.UUID(int=max(0, int(instant.timestamp() * 1000)) << 80)


def time_of(row_id: uuid.UUID) -> datetime | None:
    """Return when this id was made, or None where it does not say."""
    if row_id.version != 7:
        return None
    try:
        return datetime.fromtimestamp((row_id.int >> 80) / 1000, UTC)
    except (OverflowError, ValueError):
        return None
