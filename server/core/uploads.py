"""Take in files that are sent as multipart forms: counted and hashed while they stream to disk, in flat memory."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, Any, cast

import orjson
from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from server.core.db import close_reading
from server.core.errors import BadRequest, Invalid, UnsupportedMediaType
from server.core.here import things
from server.core.strict_json import check_storable

LARGEST_FILE = 10 * 1024 * 1024
# Beside the file: text fields, the headers of the parts, boundaries.
_OVERHEAD = 64 * 1024
# More of a file than this is on disk while it waits.
_IN_MEMORY = 256 * 1024
_MOST_PARTS = 20
_CHUNK = 64 * 1024
_REPLACED = "\ufffd"  # what decoding puts where bytes are no UTF-8
_UNREADABLE = "The form is not multipart in UTF-8."


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was sent: nothing of it is believed yet. Its content ends with the request."""

    name: str
    declared_type: str
    size: int
    sha256: str
    content: IO[bytes]


class _Intake:
    """A temporary file that counts and hashes what is written into it, and takes no more than a file may have."""

    def __init__(self) -> None:
        self.file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 -- closed with the request
        self.size = 0
        self.sha256 = hashlib.sha256()

    def write(self, data: bytes) -> int:
        """Take in some bytes, or raise 413."""
        self.size += len(data)
        if self.size > LARGEST_FILE:
            raise RequestEntityTooLarge
        self.sha256.update(data)
        return self.file.write(data)

    def seek(self, offset: int) -> int:
        """Go to a place in the file."""
        return self.file.seek(offset)


def read_multipart(request: Request) -> dict[str, Any]:
    """Return the parts of a multipart form by name: text as it is, files as `Upload`; each name once.

    A file above 10 MiB ends the reading with a 413. What was taken in is gone with the request.
    """
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMediaType("Send the body as multipart/form-data.")
    close_reading()  # a slow sender keeps no connection of the pool
    request.max_content_length = LARGEST_FILE + _OVERHEAD
    intakes: list[_Intake] = things().setdefault("uploads", [])

    def make(*_of: Any, **_part: Any) -> IO[bytes]:
        intakes.append(_Intake())
        return cast("IO[bytes]", intakes[-1])

    parser = FormDataParser(make, max_form_memory_size=_OVERHEAD * 2, max_form_parts=_MOST_PARTS, silent=False)
    try:
        _, texts, files = parser.parse(
            request.stream, request.mimetype, request.content_length, dict(request.mimetype_params)
        )
    except ValueError:
        raise BadRequest(_UNREADABLE) from None
    pairs: list[tuple[str, Any]] = [(name or "", value) for name, value in texts.items(multi=True)]
    for name, part in files.items(multi=True):
        taken = cast(_Intake, part.stream)
        upload = Upload(
            part.filename or "", part.mimetype, taken.size, taken.sha256.hexdigest(), cast("IO[bytes]", taken.file)
        )
        pairs.append((name or "", upload))
    found = _each_once(pairs)
    things().upload_digest = _digest_of(pairs)
    return found


def read_bare(request: Request) -> dict[str, Any]:
    """Return the one file that the body is, under the name of the field that takes it in a form, `file`."""
    close_reading()  # a slow sender keeps no connection of the pool
    request.max_content_length = LARGEST_FILE
    intake = _Intake()
    things().setdefault("uploads", []).append(intake)
    while chunk := request.stream.read(_CHUNK):
        intake.write(chunk)
    intake.seek(0)
    digest = things().upload_digest = intake.sha256.hexdigest()
    return {"file": Upload("file", request.mimetype, intake.size, digest, cast("IO[bytes]", intake.file))}


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise Invalid({name or "_body": ["Given more than once."] for name in repeated})
    for name, value in pairs:
        for word in (name, value.name if isinstance(value, Upload) else value):
            check_storable(word)
            if _REPLACED in word:
                raise BadRequest(_UNREADABLE)
    return dict(pairs)


def _digest_of(pairs: list[tuple[str, Any]]) -> str:
    """Hash what was sent, but not the boundary, which differs between two tries of the same."""
    said = [
        [name, value.name, value.declared_type, value.sha256] if isinstance(value, Upload) else [name, value]
        for name, value in pairs
    ]
    return hashlib.sha256(orjson.dumps(sorted(said))).hexdigest()


def digest() -> str:
    """Return the hash of the form that this request has sent."""
    found: str = things().upload_digest
    return found


def discard() -> None:
    """Remove what this request has taken in."""
    for intake in things().pop("uploads", ()):
        intake.file.close()
