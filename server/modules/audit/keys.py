"""Sign seals with a key that is not in the database (HMAC-SHA256), and check them by it and by former ones."""

from __future__ import annotations

import hashlib
import hmac

from server.core import state


def _mac(secret: str, what: str) -> str:
    return hmac.new(secret.encode(), what.encode(), hashlib.sha256).hexdigest()


def _secrets() -> tuple[str, ...]:
    settings = state.settings()
    return (settings.audit_seal_key, *settings.audit_seal_previous_keys)


def _id_of(secret: str) -> str:
    return _mac(secret, "polyclinic audit key id")[:16]


def present_id() -> str:
    """Return the id of the key that signs."""
    return _id_of(_secrets()[0])


def sign(purpose: str, digest: str) -> str:
    """Return the signature of a digest by the present key."""
    return _mac(_secrets()[0], f"polyclinic audit {purpose} {digest}")


def is_known(key_id: str) -> bool:
    """Whether this is the present key or a former one."""
    return key_id in map(_id_of, _secrets())


def is_signed(purpose: str, digest: str, *, key_id: str, signature: str) -> bool:
    """Whether the key of this id made this signature."""
    secret = next((one for one in _secrets() if _id_of(one) == key_id), None)
    return secret is not None and hmac.compare_digest(
        _mac(secret, f"polyclinic audit {purpose} {digest}").encode(), signature.encode()
    )
