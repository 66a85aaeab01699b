"""Say a row of the log in bytes that are the same on both databases, and hash rows to one root (RFC 6962).

A row is JSON: its columns in the order of the alphabet, no spaces, ASCII alone, UUIDs and instants (UTC, microseconds)
as text, whole floats as integers. A format, once used, stays as it is: a new column of the log needs a new format.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import RowMapping

FORMAT = 1
NO_SEAL = "0" * 64  # what the first seal holds of the one before
COLUMNS = {
    1: (
        *("id", "at", "request_id", "actor_id", "actor_roles", "session_id", "address", "method", "route", "action"),
        *("object_type", "object_id", "patient_id", "outcome", "status", "duration_ms", "changed", "values_before"),
        *("values_after", "version_before", "version_after", "object_ids", "object_count", "note", "break_glass_id"),
        "on_behalf_of",
    )
}
# The first byte says what was hashed, so that no leaf passes for a node, and neither for a seal.
_LEAF, _NODE, _SEAL = b"\x00", b"\x01", b"\x02"


def encode(said: Mapping[Any, Any] | RowMapping) -> bytes:
    """Return these names and values in the one way in which they are written."""
    plain = {name: _plain(value) for name, value in said.items()}
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()


def _plain(value: Any) -> Any:
    if value is None or type(value) in (str, int):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)  # JSONB keeps 1e2 as 100
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def leaf(encoded: bytes) -> bytes:
    """Return the hash of one row."""
    return hashlib.sha256(_LEAF + encoded).digest()


def root(leaves: Sequence[bytes]) -> str:
    """Return the Merkle root: pairs are hashed level by level, an odd one at the end moves up as it is."""
    level = list(leaves)
    while len(level) > 1:
        pairs = [hashlib.sha256(_NODE + a + b).digest() for a, b in zip(level[::2], level[1::2], strict=False)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0].hex() if level else hashlib.sha256(b"").hexdigest()


def seal_hash(said: Mapping[str, Any]) -> str:
    """Return the hash of a seal, which the next one holds."""
    return hashlib.sha256(_SEAL + encode(said)).hexdigest()
