"""Make the cursors of our lists, which the servers that are compared must answer too."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

_PAGING = frozenset({"page", "per_page", "cursor", "sort"})
_TAGS = {int: "i", str: "s"}


def cursor_of(order: str, query: Mapping[str, str], keys: Sequence[Any]) -> str | None:
    """Return the cursor behind a row with these keys; none without keys."""
    if not keys:
        return None
    asked = sorted((name, value) for name, value in query.items() if name not in _PAGING)
    digest = hashlib.sha256(repr(asked).encode()).hexdigest()[:12] if asked else ""
    tagged = [f"{_TAGS.get(type(key), 'u')}{key}" for key in keys]
    return base64.urlsafe_b64encode(orjson.dumps([f"{order};{digest}", *tagged])).decode().rstrip("=")
