"""Hash and judge passwords: bcrypt or argon2id, no truncation at 72 bytes, a few hashes at once per worker.

`PASSWORD_HASHER` says how new ones are hashed. What was hashed the other way, or at another cost, still matches;
`renewed` gives its new hash when the password is known again, at sign-in.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import Flask
from flask_bcrypt import Bcrypt

from server.config import Settings
from server.core import state
from server.core.errors import Invalid, Unavailable
from server.core.text import fold
from server.modules.auth.common_passwords import is_common
from server.modules.users.models import User

SHORTEST, LONGEST = 12, 128
_WAIT_SECONDS = 3.0
_LONGEST_HARMLESS_WORD = 3

_ARGON2ID = "argon2id"
_ARGON2ID_MARK = "$argon2id$"

_bcrypt = Bcrypt()
_argon2 = PasswordHasher()  # the second recommendation of RFC 9106: 64 MiB, three passes


@dataclass(frozen=True)
class _Hashing:
    """What one application needs for hashing: its places, and the hash of nobody's password."""

    slots: threading.BoundedSemaphore
    nobodys_hash: str


class WeakPassword(Invalid):
    """The password is too short, too long, too common, or built from your name or e-mail."""

    code = "weak_password"


def init_passwords(app: Flask) -> None:
    """Configure the hashers; the hash of nobody's password costs as much as anyone's."""
    settings = app.extensions["settings"]
    app.config["BCRYPT_LOG_ROUNDS"] = settings.bcrypt_rounds
    app.config["BCRYPT_HANDLE_LONG_PASSWORDS"] = True
    _bcrypt.init_app(app)
    nobodys_hash = _hash("nobody signs in with this", settings)
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
    """Return the hash to store; about 0.2 s of processor time at the defaults."""
    with _slot():
        return _hash(password, state.settings())


def _hash(password: str, settings: Settings) -> str:
    if settings.password_hasher == _ARGON2ID:
        return _argon2.hash(password)
    hashed: bytes = _bcrypt.generate_password_hash(password, settings.bcrypt_rounds)
    return hashed.decode()


def matches(password: str, stored: str | None) -> bool:
    """Whether the password is the one hashed, either way; without a stored hash it costs the same and is false."""
    with _slot():
        is_right = _verify(password, stored or _hashing().nobodys_hash)
    return is_right and stored is not None


def _verify(password: str, hashed: str) -> bool:
    if not hashed.startswith(_ARGON2ID_MARK):
        return bool(_bcrypt.check_password_hash(hashed, password))
    try:
        return _argon2.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


def needs_rehash(stored: str) -> bool:
    """Whether a stored hash is of another kind or cost than new ones are."""
    settings = state.settings()
    if settings.password_hasher == _ARGON2ID:
        return not stored.startswith(_ARGON2ID_MARK) or _argon2.check_needs_rehash(stored)
    return not stored.startswith(f"$2b${settings.bcrypt_rounds:02d}$")


def renewed(password: str, stored: str) -> str | None:
    """Return a right password's hash of the wanted kind, None where it is stored already; hashes, so call it early."""
    if not needs_rehash(stored):
        return None
    try:
        return hash_password(password)
    except Unavailable:  # next time; nobody waits for it outside the door
        return None


def require_strong(password: str, user: User, *, field: str = "password") -> None:
    """Raise `WeakPassword` unless it has 12 to 128 characters, is not common and not built from the user's name."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise WeakPassword({field: [f"Expected {SHORTEST} to {LONGEST} characters."]})
    if _is_built_from_names(password, user):
        raise WeakPassword({field: ["Must not be built from the name or e-mail."]})
    if is_common(password):
        raise WeakPassword({field: ["Among the passwords that are guessed first; three or four random words do well."]})


def _is_built_from_names(password: str, user: User) -> bool:
    """Whether little remains of it without the names of the user and the clinic."""
    folded = rest = "".join(fold(password))
    names = (user.first_name, user.last_name, user.email, user.username or "", state.settings().clinic_name)
    texts = [fold(name) for name in names]
    own = {word for words in texts for word in ("".join(words), *words)}
    for word in sorted(own, key=len, reverse=True):
        if len(word) > _LONGEST_HARMLESS_WORD:
            rest = rest.replace(word, "")
    # Folding drops signs and emoji, so a short rest tells something only where a name was taken out.
    return rest != folded and len(rest) < SHORTEST // 2
