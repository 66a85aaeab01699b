"""Hash and judge passwords: flask-bcrypt at cost 12, no truncation at 72 bytes, a few hashes at once per worker."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import Flask
from flask_bcrypt import Bcrypt

from server.core import state
from server.core.errors import Invalid, Unavailable
from server.core.text import fold
from server.modules.users.models import User

SHORTEST, LONGEST = 12, 128
_WAIT_SECONDS = 3.0
_LONGEST_HARMLESS_WORD = 3

_bcrypt = Bcrypt()


@dataclass(frozen=True)
class _Hashing:
    """What one application needs for hashing: its places, and the hash of nobody's password."""

    slots: threading.BoundedSemaphore
    nobodys_hash: str


class WeakPassword(Invalid):
    """The password is too short, too long, or built from your name or e-mail."""

    code = "weak_password"


def init_passwords(app: Flask) -> None:
    """Configure the hasher; the hash of nobody's password costs as much as anyone's."""
    settings = app.extensions["settings"]
    app.config["BCRYPT_LOG_ROUNDS"] = settings.bcrypt_rounds
    app.config["BCRYPT_HANDLE_LONG_PASSWORDS"] = True
    _bcrypt.init_app(app)
    nobodys_hash = _bcrypt.generate_password_hash("nobody signs in with this", settings.bcrypt_rounds).decode()
    app.extensions["hashing"] = _Hashing(threading.BoundedSemaphore(settings.password_hash_slots), nobodys_hash)


def _hashing() -> _Hashing:
    hashing: _Hashing = state.application().extensions["hashing"]
    return hashing


@contextmanager
def _slot() -> Iterator[None]:
    """Hold one of the few places for hashing; raise `Unavailable` when none becomes free in time."""
    slots = _hashing().slots
    if not slots.acquire(timeout=_WAIT_SECONDS):
        raise Unavailable("Too many people are signing in at this moment; try again.")
    try:
        yield
    finally:
        slots.release()


def hash_password(password: str) -> str:
    """Return the hash to store; about 0.2 s of processor time at cost 12."""
    with _slot():
        hashed: bytes = _bcrypt.generate_password_hash(password, state.settings().bcrypt_rounds)
    return hashed.decode()


def matches(password: str, stored: str | None) -> bool:
    """Whether the password is the one hashed; without a stored hash it costs the same and is false."""
    with _slot():
        is_right: bool = _bcrypt.check_password_hash(stored or _hashing().nobodys_hash, password)
    return is_right and stored is not None


def require_strong(password: str, user: User, *, field: str = "password") -> None:
    """Raise `WeakPassword` unless it has 12 to 128 characters and is not built from the user's name or e-mail."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise WeakPassword({field: [f"Expected {SHORTEST} to {LONGEST} characters."]})
    folded = "".join(fold(password))
    rest = folded
    texts = [fold(text) for text in (user.first_name, user.last_name, user.email, user.username or "")]
    own = {word for words in texts for word in ("".join(words), *words)}
    for word in sorted(own, key=len, reverse=True):
        if len(word) > _LONGEST_HARMLESS_WORD:
            rest = rest.replace(word, "")
    # Folding drops signs and emoji, so a short rest tells something only where a name was taken out.
    if rest != folded and len(rest) < SHORTEST // 2:
        raise WeakPassword({field: ["Must not be built from the name or e-mail."]})
