"""Remember which access tokens have been verified, so that one that comes again is not verified again (ADR 13)."""

from __future__ import annotations

import hashlib
import threading
import uuid
from dataclasses import dataclass

from server.core import clock

MOST_TOKENS = 4096


@dataclass(frozen=True, slots=True)
class Access:
    """What an access token says."""

    user_id: uuid.UUID
    session_id: uuid.UUID
    valid_from: int
    expires_at: int


class VerifiedTokens:
    """What was right about tokens and stays so: signature, header, issuer, audience and type, under one ring of keys.

    A token is known by its digest. When it is too early or too late for it, it is not found; whether its session lives
    is asked each time anyway.
    """

    def __init__(self) -> None:
        self._kept: dict[bytes, Access] = {}
        self._lock = threading.Lock()

    def find(self, token: str) -> Access | None:
        """Return what a verified token says, if it is valid now."""
        access = self._kept.get(_digest(token))
        if access is None or not access.valid_from <= clock.now().timestamp() < access.expires_at:
            return None
        return access

    def keep(self, token: str, access: Access) -> None:
        """Remember a token that was verified just now; the oldest gives way."""
        with self._lock:
            while len(self._kept) >= MOST_TOKENS:
                del self._kept[next(iter(self._kept))]
            self._kept[_digest(token)] = access

    def __len__(self) -> int:
        return len(self._kept)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
