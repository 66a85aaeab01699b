"""Encrypt what must be read again, and sign what comes back soon, with keys that are not in the database.

The keys are derived from `SECRETS_KEY` (or, unset, `AUDIT_SEAL_KEY`) by HKDF (RFC 5869), one for each purpose.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from server.core import clock, state


class Unreadable(ValueError):
    """None of the keys opens this."""


def _keys(purpose: str) -> list[bytes]:
    """Return the keys of a purpose, the present one first; those that seal the audit log were its fallback."""
    settings = state.settings()
    own, fallback = settings.secrets_previous_keys, settings.audit_seal_previous_keys
    secrets = dict.fromkeys((settings.secrets_key, settings.audit_seal_key, *own, *fallback))
    return [_derived(secret, purpose) for secret in secrets if secret]


def _derived(secret: str, purpose: str) -> bytes:
    info = f"polyclinic {purpose}".encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret.encode())


def _box(purpose: str) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in _keys(purpose)])


def encrypt(text: str, *, purpose: str) -> str:
    """Return the text so that only the holder of the key reads it."""
    return _box(purpose).encrypt(text.encode()).decode()


def decrypt(closed: str, *, purpose: str) -> str:
    """Return what was encrypted with the present or a former key, or raise `Unreadable`."""
    try:
        return _box(purpose).decrypt(closed).decode()
    except InvalidToken:
        raise Unreadable(purpose) from None


class _Signer(TimestampSigner):
    """Signs by the application's clock."""

    def get_timestamp(self) -> int:
        return int(clock.now().timestamp())


def signer(purpose: str) -> URLSafeTimedSerializer:
    """Return what signs short-lived tokens of a purpose; it takes the newest key last."""
    return URLSafeTimedSerializer(_keys(purpose)[::-1], salt=purpose, signer=_Signer)


def mac(text: str, *, purpose: str) -> str:
    """Return what only the holder of the present key can say of the text (HMAC-SHA256)."""
    return hmac.new(_keys(purpose)[0], text.encode(), hashlib.sha256).hexdigest()


def is_mac(given: str, text: str, *, purpose: str) -> bool:
    """Whether `given` was made from the text with the present or a former key."""
    made = (hmac.new(key, text.encode(), hashlib.sha256).hexdigest() for key in _keys(purpose))
    return any(hmac.compare_digest(one.encode(), given.encode()) for one in made)
