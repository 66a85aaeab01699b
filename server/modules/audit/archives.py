"""Write sealed rows to files, and check such files: a gzip of lines, for each seal its header and its rows.

A row's line is what was hashed, so a file can be checked without the database: `seals` in, roots out.
"""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from server.modules.audit import canon


class BadArchive(Exception):
    """This is not a file of retired rows, or not all of it."""


def write(path: Path, sections: Iterable[tuple[Any, Iterable[bytes]]]) -> str:
    """Write seals and the lines of their rows to a new file, flushed to the disk; return its SHA-256."""
    with path.open("xb") as raw:
        path.chmod(0o600)
        with gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as file:
            for seal, lines in sections:
                header = {"seal": seal.number, "format": seal.format, "row_count": seal.row_count, "root": seal.root}
                file.write(canon.encode(header) + b"\n")
                file.writelines(line + b"\n" for line in lines)
        raw.flush()
        os.fsync(raw.fileno())
    return hash_of(path)


def publish(draft: Path, path: Path) -> None:
    """Give a file its name, durably; a file of that name stays, and is taken for this one if it is the same."""
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        if hash_of(path) != hash_of(draft):
            raise BadArchive(f"{path.name} is there already, with other content; move it away") from None
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def roots_in(path: Path) -> Iterator[tuple[int, int, str]]:
    """Yield number, count of rows and recomputed root of each seal in a file."""
    try:
        with gzip.open(path, "rb") as file:
            for line in file:
                header = orjson.loads(line)
                leaves = [canon.leaf(file.readline().removesuffix(b"\n")) for _ in range(header["row_count"])]
                yield header["seal"], header["row_count"], canon.root(leaves)
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise BadArchive(f"{path.name}: {type(error).__name__}") from error


def mark_hash(seal: Any, mark: Any) -> str:
    """Return the hash of what is said of a retired seal, which is signed."""
    said = {"seal": seal.number, "hash": seal.hash, "file_name": mark.file_name, "file_hash": mark.file_hash}
    return canon.seal_hash({**said, "retired_at": mark.retired_at})


class Shelf:
    """A folder of such files, read once from front to back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = ""
        self.problem: str | None = None
        self.roots: dict[int, str] = {}

    def problem_of(self, seal: Any, mark: Any) -> str | None:
        """Say what is wrong with the file of a retired seal; None when it holds the rows that were sealed."""
        if mark.file_name != self.name:
            self._open(mark)
        if self.problem is None and self.roots.get(seal.number) != seal.root:
            return f"The file {mark.file_name} does not hold the rows of seal {seal.number}."
        return self.problem

    def _open(self, mark: Any) -> None:
        self.name, self.problem, self.roots = mark.file_name, None, {}
        path = self.folder / Path(mark.file_name).name
        if not path.is_file():
            self.problem = f"The file {mark.file_name} is not in the folder."
        elif hash_of(path) != mark.file_hash:
            self.problem = f"The file {mark.file_name} was changed."
        else:
            self.roots = {number: root for number, _, root in roots_in(path)}
