"""Keep the heads of the seals in a file outside the database: one line each, flushed to the disk.

A line is the seal's number, hash, signature, count of rows and time, with spaces between. It is written once the seal
is committed. A crash in between leaves the newest seal without its line; whoever seals next writes it first.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import structlog
from sqlalchemy import Connection, select

from server.core import state
from server.modules.audit.models import AuditSeal

log = structlog.get_logger(__name__)

_LONGEST_LINE = 512


@dataclass(frozen=True)
class Head:
    """One line of the file."""

    number: int
    hash: str
    signature: str
    row_count: int
    sealed_at: str

    @classmethod
    def of(cls, seal: Any) -> Head:
        """Return the head of a seal."""
        return cls(seal.number, seal.hash, seal.signature, seal.row_count, seal.sealed_at.isoformat())

    @classmethod
    def read(cls, line: str) -> Head | None:
        """Return what a line says, or None where it is damaged."""
        words = line.split()
        if not line.endswith("\n") or len(words) != 5 or not (words[0].isdigit() and words[3].isdigit()):
            return None
        return cls(int(words[0]), words[1], words[2], int(words[3]), words[4])

    def line(self) -> str:
        """Return the line of the file."""
        return f"{self.number} {self.hash} {self.signature} {self.row_count} {self.sealed_at}\n"


def locked() -> AbstractContextManager[IO[bytes] | None]:
    """Give the open file to one process of this machine at a time; the others get None and leave the work to it."""
    return alone_with(path_of_file())


@contextmanager
def alone_with(path: Path) -> Iterator[IO[bytes] | None]:
    """Give an open file to one process of this machine at a time, and None to the others."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+b", buffering=0) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        yield file


def path_of_file() -> Path:
    """Return where the file is."""
    return state.settings().audit_heads_path


def append(file: IO[bytes], seal: Any) -> None:
    """Write the head of a seal and wait for the disk."""
    file.write(Head.of(seal).line().encode())
    os.fsync(file.fileno())


def catch_up(file: IO[bytes], connection: Connection, newest: Any) -> None:
    """Write the heads of the seals after the last line: a crash came before theirs, or another machine made them.

    A file without a line gets the newest alone, so that nobody hides its loss by taking it away.
    """
    tail, table = _tail(file), AuditSeal.__table__
    if newest is None or (tail is not None and tail.number >= newest.number):
        return
    if tail is None:
        append(file, newest)
        return
    known, *later = connection.execute(select(table).where(table.c.number >= tail.number).order_by(table.c.number))
    if (known.number, known.hash) != (tail.number, tail.hash):
        log.error("heads_differ", seal=tail.number)  # `flask audit verify` tells more
        return
    for seal in later:
        append(file, seal)


def _tail(file: IO[bytes]) -> Head | None:
    """Return the last whole line; half a line, which a crash left, is taken away."""
    end = file.seek(0, os.SEEK_END)
    file.seek(max(0, end - _LONGEST_LINE))
    text = file.read().decode("ascii", "replace")
    if text and not text.endswith("\n"):
        file.truncate(end - len(text.rpartition("\n")[2]))
        text = text.rpartition("\n")[0] + "\n"
    lines = text.splitlines(keepends=True)
    return Head.read(lines[-1]) if lines else None


def read_all(path: Path) -> Iterator[tuple[int, Head | None]]:
    """Yield each line's number and what it says."""
    with path.open(encoding="ascii", errors="replace", newline="\n") as file:
        for number, line in enumerate(file, 1):
            yield number, Head.read(line)
