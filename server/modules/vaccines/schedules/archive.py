"""Open CDC's supporting data: an archive as it is handed out, or the folder that it unpacks to."""

from __future__ import annotations

import hashlib
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, cast

# The edition of 4.10 has 26 files and 2.3 MB in all.
MAX_FILE_BYTES = 8 * 1024 * 1024
MAX_FILES = 200
_EDITION = re.compile(r"(?<![\d.])v?(\d{1,2}\.\d{1,3})(?![\d.])")


class Unreadable(Exception):
    """This is not CDC's supporting data."""


@dataclass(frozen=True, slots=True)
class Source:
    """The XML files of one edition."""

    edition: str
    sha256: str
    files: dict[str, bytes]


def open_source(path: Path) -> Source:
    """Read the XML files of an archive (.tar, .tar.gz, .zip) or of a folder. Unreadable where there are none."""
    try:
        files = dict(sorted(_xml_files(path)))
    except tarfile.ReadError:
        # It says of each compression why the file is not in it.
        raise Unreadable(f"{path.name} is no archive (.tar, .tar.gz, .zip) that can be read, nor a folder.") from None
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError, zlib.error) as error:
        raise Unreadable(f"{path.name} cannot be read: {error}") from error
    if not files:
        raise Unreadable(f"{path.name} has no XML files.")
    digest = hashlib.sha256()
    for name, body in files.items():
        digest.update(PurePosixPath(name).name.encode() + b"\0" + body + b"\0")
    return Source(_edition_of([*files, path.name]), digest.hexdigest(), files)


def _xml_files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents, one by one and with a limit on both."""
    if path.is_dir():
        opened = ((str(one.relative_to(path.parent)), one.open("rb")) for one in path.rglob("*.xml"))
        yield from _contents(opened)
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.lower().endswith(".xml")]
            yield from _contents((name, archive.open(name)) for name in names)
    else:
        with tarfile.open(path) as tar:
            members = (one for one in tar if one.isfile() and one.name.lower().endswith(".xml"))
            yield from _contents((one.name, cast(IO[bytes], tar.extractfile(one))) for one in members)


def _contents(opened: Iterable[tuple[str, IO[bytes]]]) -> Iterator[tuple[str, bytes]]:
    """Read files; Unreadable where they are too many or too large for rules."""
    for number, (name, stream) in enumerate(opened, 1):
        with stream:
            body = stream.read(MAX_FILE_BYTES + 1)
        if number > MAX_FILES or len(body) > MAX_FILE_BYTES:
            raise Unreadable(f"Too much for a schedule: {name}")
        yield name, body


def _edition_of(names: Iterable[str]) -> str:
    """Find the number of the edition in the names of folders or files."""
    found = (match.group(1) for name in names if (match := _EDITION.search(name)))
    return next(found, "unknown")
