"""Hold the keys that sign tokens: one signs, and those before or after it are accepted, all of one family.

A key is named by what is public of it, so every server names it alike. The files are read at the start; after they have
changed, a reload (SIGHUP to gunicorn) reads them again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from jwt.algorithms import OKPAlgorithm, RSAAlgorithm
from jwt.utils import base64url_encode

from server.config import Settings, SettingsError
from server.core import state
from server.modules.auth.verified import VerifiedTokens

_FEWEST_RSA_BITS = 2048
_BEGINS_PRIVATE = b"PRIVATE KEY-----"

PrivateKey = RSAPrivateKey | Ed25519PrivateKey
PublicKey = RSAPublicKey | Ed25519PublicKey


@dataclass(frozen=True)
class Key:
    """One key: its name, what checks signatures and, where it may be shown, its public part (RFC 7517)."""

    id: str
    verifies: str | PublicKey
    jwk: Mapping[str, str] | None = None


@dataclass(frozen=True)
class KeyRing:
    """All keys of one application: the id and secret half of the one that signs, and every one that is accepted.

    What was verified with them is forgotten with them.
    """

    algorithm: str
    signing_id: str
    signs: str | PrivateKey
    accepted: Mapping[str, Key]
    verified: VerifiedTokens = field(default_factory=VerifiedTokens, compare=False, repr=False)

    @property
    def public(self) -> list[Mapping[str, str]]:
        """The public parts of the accepted keys, the signing one first; nothing where keys are secrets."""
        return [key.jwk for key in self.accepted.values() if key.jwk is not None]


def ring() -> KeyRing:
    """Return the keys of the running application."""
    held: KeyRing = state.application().extensions["keys"]
    return held


def load(settings: Settings) -> KeyRing:
    """Return the keys that the settings name; a missing, weak or foreign one is a `SettingsError`."""
    if settings.signs_by_secret:
        return _of_secrets(settings)
    name, path = "JWT_PRIVATE_KEY_FILE", settings.jwt_private_key_file
    signs = _read(name, path)
    if not isinstance(signs, RSAPrivateKey | Ed25519PrivateKey):
        raise SettingsError(f"{name}: expected a private key")
    present = _public_key(name, signs, settings.jwt_algorithm)
    others = [
        _public_key("JWT_PREVIOUS_KEY_FILES", _read("JWT_PREVIOUS_KEY_FILES", previous), settings.jwt_algorithm)
        for previous in settings.jwt_previous_key_files
    ]
    return KeyRing(settings.jwt_algorithm, present.id, signs, {key.id: key for key in (present, *others)})


def _of_secrets(settings: Settings) -> KeyRing:
    secrets = (settings.jwt_secret_key, *settings.jwt_previous_secret_keys)
    accepted = {secret_id(secret): Key(secret_id(secret), secret) for secret in secrets}
    return KeyRing(settings.jwt_algorithm, secret_id(secrets[0]), secrets[0], accepted)


def secret_id(secret: str) -> str:
    """Return the public name of a secret."""
    return hashlib.sha256(b"polyclinic key id:" + secret.encode()).hexdigest()[:16]


def _read(name: str, path: str) -> PrivateKey | PublicKey:
    try:
        pem = Path(path).read_bytes()
        load_pem: Callable[[bytes], Any] = _load_private if _BEGINS_PRIVATE in pem else load_pem_public_key
        key = load_pem(pem)
    except OSError as error:
        raise SettingsError(f"{name}: cannot read a file: {error.strerror}") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise SettingsError(f"{name}: expected PEM files, each of one key without a passphrase") from None
    if not isinstance(key, PrivateKey | PublicKey):
        raise SettingsError(f"{name}: expected keys of RSA or Ed25519")
    return key


def _load_private(pem: bytes) -> Any:
    return load_pem_private_key(pem, password=None)


def _public_key(name: str, key: PrivateKey | PublicKey, algorithm: str) -> Key:
    """Return what checks signatures of a key, if it is of the family."""
    public = key.public_key() if isinstance(key, PrivateKey) else key
    if algorithm == "RS256":
        if not isinstance(public, RSAPublicKey):
            raise SettingsError(f"{name}: expected RSA keys with JWT_ALGORITHM=RS256")
        if public.key_size < _FEWEST_RSA_BITS:
            raise SettingsError(f"{name}: expected RSA keys of at least {_FEWEST_RSA_BITS} bits")
        numbers = RSAAlgorithm.to_jwk(public, as_dict=True)
    elif isinstance(public, Ed25519PublicKey):
        numbers = OKPAlgorithm.to_jwk(public, as_dict=True)
    else:
        raise SettingsError(f"{name}: expected Ed25519 keys with JWT_ALGORITHM=EdDSA")
    required: dict[str, str] = {part: numbers[part] for part in ("crv", "e", "kty", "n", "x") if part in numbers}
    key_id = _thumbprint(required)
    return Key(key_id, public, {**required, "kid": key_id, "use": "sig", "alg": algorithm})


def _thumbprint(required: Mapping[str, str]) -> str:
    """Return the thumbprint of a public key (RFC 7638)."""
    canonical = json.dumps(required, sort_keys=True, separators=(",", ":"))
    return base64url_encode(hashlib.sha256(canonical.encode()).digest()).decode()
