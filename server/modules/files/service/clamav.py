"""Ask ClamAV's daemon about a stream of bytes (clamd(8), INSTREAM).

A client of our own, of one command: it has a time-out on every step, the first included, and sends each chunk whole.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from typing import IO
from urllib.parse import urlsplit

from server.core.storage import CHUNK

CONNECT_SECONDS, ANSWER_SECONDS = 3.0, 30.0
_LONGEST_ANSWER = 4096


class ScannerAway(Exception):
    """The scanner does not answer, or not as it should."""


class NotScanned(Exception):
    """The scanner is there and could not scan this file; `args` say why."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the scanner said: the name of what it found, or None."""

    signature: str | None


def scan(url: str, content: IO[bytes]) -> Verdict:
    """Return the verdict on what can be read from here on; `url` is tcp://host:port or unix:///path.

    Raise `NotScanned` for a file that the scanner does not take, and `ScannerAway` where it gives no answer at all.
    """
    try:
        connection = _connected(url)
    except OSError as error:
        raise ScannerAway from error
    with connection:
        _send(connection, b"zINSTREAM\0")
        while chunk := _read(content):
            _send(connection, struct.pack("!L", len(chunk)) + chunk)
        _send(connection, struct.pack("!L", 0))
        try:
            return _verdict(_answer(connection))
        except OSError as error:
            raise ScannerAway from error


def _read(content: IO[bytes]) -> bytes:
    try:
        return content.read(CHUNK)
    except OSError as error:
        raise NotScanned("The file cannot be read.") from error


def _send(connection: socket.socket, data: bytes) -> None:
    """Send all of this; raise `NotScanned` with what the daemon says where it takes no more of this file.

    Above its StreamMaxLength it says so and closes the line. Whether it is away the next file tells.
    """
    try:
        connection.sendall(data)
    except ConnectionError as error:
        raise NotScanned(_last_word(connection)) from error
    except OSError as error:
        raise ScannerAway from error


def _last_word(connection: socket.socket) -> str:
    try:
        said = _answer(connection)
    except OSError:
        said = ""
    return said or "The scanner closed the line."


def _connected(url: str) -> socket.socket:
    parts = urlsplit(url)
    if parts.scheme == "tcp":
        connection = socket.create_connection((parts.hostname, parts.port or 3310), timeout=CONNECT_SECONDS)
    else:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(CONNECT_SECONDS)
        try:
            connection.connect(parts.path)
        except OSError:
            connection.close()
            raise
    connection.settimeout(ANSWER_SECONDS)
    return connection


def _answer(connection: socket.socket) -> str:
    """Return what the daemon says, up to its closing NUL."""
    said = b""
    while b"\0" not in said and len(said) < _LONGEST_ANSWER:
        more = connection.recv(_LONGEST_ANSWER)
        if not more:
            break
        said += more
    return said.partition(b"\0")[0].decode("utf-8", "replace").strip()


def _verdict(said: str) -> Verdict:
    if said == "stream: OK":
        return Verdict(None)
    if said.startswith("stream: ") and said.endswith(" FOUND"):
        return Verdict(said.removeprefix("stream: ").removesuffix(" FOUND"))
    if said.endswith("ERROR"):
        raise NotScanned(said)
    raise ScannerAway
