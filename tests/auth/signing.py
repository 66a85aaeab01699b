"""Make keys that sign tokens."""

from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

KINDS = {"RS256": "rsa", "EdDSA": "ed25519"}
MAKERS = {
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
    "short rsa": lambda: rsa.generate_private_key(65537, 1024),  # noqa: S505 -- to be refused
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ed448": ed448.Ed448PrivateKey.generate,
    "ec": lambda: ec.generate_private_key(ec.SECP256R1()),
}


def key(kind: str, number: int = 0) -> Any:
    """Return one private key of a kind; the same number is the same key."""
    return _made(kind, number)


@cache
def _made(kind: str, _number: int) -> Any:
    return MAKERS[kind]()


def private_pem(key: Any) -> bytes:
    """Return a private key as OpenSSL writes it."""
    pem: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem


def public_pem(key: Any) -> bytes:
    """Return the public half of a private key."""
    pem: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem


def written(folder: Path, name: str, pem: bytes) -> str:
    """Write a file and return its path."""
    path = folder / name
    path.write_bytes(pem)
    return str(path)


def settings_of(folder: Path, algorithm: str, number: int = 0) -> dict[str, str]:
    """Return the settings that sign by a key pair of this family."""
    pem = private_pem(key(KINDS[algorithm], number))
    path = written(folder, f"{algorithm}-{number}.pem", pem)
    return {"JWT_ALGORITHM": algorithm, "JWT_PRIVATE_KEY_FILE": path, "JWT_SECRET_KEY": ""}
