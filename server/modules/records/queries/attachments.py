"""What is attached, as patients see it: documents that are released, and no others."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, select

from server.modules.records.enums import DocumentStatus
from server.modules.records.models import Document


def without_hidden(connection: Connection, rows: Iterable[Sequence[Any]], *, at: int) -> list[Sequence[Any]]:
    """Return rows of which column `at` no longer names what patients do not see; one statement, however many."""
    rows = list(rows)
    shown = shown_of(connection, {one for row in rows for one in row[at]})
    return [(*row[:at], [one for one in row[at] if one in shown], *row[at + 1 :]) for row in rows]


def shown_of(connection: Connection, named: set[str]) -> frozenset[str]:
    """Return which of these documents patients see: not what is held, nor what was entered in error."""
    if not named:
        return frozenset()
    stmt = select(Document.id).where(
        Document.id.in_([uuid.UUID(one) for one in named]), Document.status == DocumentStatus.RELEASED
    )
    return frozenset(map(str, connection.scalars(stmt)))
