"""Make identifiers: UUIDv7 (RFC 9562), ordered by time."""

from __future__ import annotations

import uuid

from uuid_utils.compat import uuid7

__all__ = ["new_id", "parse_id"]


def new_id() -> uuid.UUID:
    """Return a new UUIDv7 as a standard `uuid.UUID`."""
    return uuid7()


def parse_id(text: str) -> uuid.UUID | None:
    """Return the UUID that `text` spells, or None."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
