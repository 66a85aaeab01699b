"""Tell what a file is by its content, and hold its name and its declared type to that."""

from __future__ import annotations

import os
import re
from pathlib import PurePosixPath
from typing import IO

from server.core.uploads import Upload
from server.modules.files.enums import MediaType
from server.modules.files.errors import FileDamaged, FileTypeMismatch, FileTypeNotAllowed

_ENDINGS = {
    ".png": MediaType.PNG,
    ".jpg": MediaType.JPEG,
    ".jpeg": MediaType.JPEG,
    ".pdf": MediaType.PDF,
}
# How a file begins: PNG (ISO/IEC 15948, 5.2), JPEG (ITU-T T.81, B.1.1.3: SOI, then another marker), PDF (ISO 32000-2,
# 7.5.2).
_BEGINNINGS = (
    (MediaType.PNG, b"\x89PNG\r\n\x1a\n"),
    (MediaType.JPEG, b"\xff\xd8\xff"),
    (MediaType.PDF, b"%PDF-"),
)
_PDF_HEADER = re.compile(rb"%PDF-[12]\.[0-9]")
# Readers look for a PDF's header in as much of a file, and for its end in as much of its tail.
_PDF_HEAD, _PDF_TAIL = 1024, 2048
# The record at the end of a ZIP archive and the longest comment after it (APPNOTE 4.3.16); it may follow anything.
_ZIP_END, _ZIP_END_SIZE, _LONGEST_COMMENT = b"PK\x05\x06", 22, 65_535


def kind_of(upload: Upload, *, field: str) -> MediaType:
    """Return the media type of a file, on which its content, its name and what was declared agree; else a 422.

    A file that is a second thing besides is refused: an image that readers also open as PDF, anything that is a ZIP
    archive too. A part without a declared type declares nothing.
    """
    by_name = _ENDINGS.get(PurePosixPath(upload.name).suffix.lower())
    if by_name is None or upload.declared_type not in ("", *MediaType):
        raise FileTypeNotAllowed({field: [FileTypeNotAllowed.default_message()]})
    head = _head_of(upload.content)
    by_content = next((kind for kind, beginning in _BEGINNINGS if head.startswith(beginning)), None)
    if by_content != by_name or upload.declared_type not in ("", by_name):
        raise FileTypeMismatch({field: [FileTypeMismatch.default_message()]})
    tail = _tail_of(upload)
    if _is_zip(tail) or (by_name != MediaType.PDF and b"%PDF-" in head):
        raise FileTypeMismatch({field: ["The file is of two types at once."]})
    if by_name == MediaType.PDF and not _is_whole_pdf(head, tail):
        raise FileDamaged({field: ["The PDF has no proper beginning or end."]})
    return by_name


def _head_of(content: IO[bytes]) -> bytes:
    content.seek(0)
    return content.read(_PDF_HEAD)


def _tail_of(upload: Upload) -> bytes:
    upload.content.seek(max(0, upload.size - _ZIP_END_SIZE - _LONGEST_COMMENT), os.SEEK_SET)
    return upload.content.read()


def _is_zip(tail: bytes) -> bool:
    """Whether the file ends as a ZIP archive does: with the record of its directory, and a comment to the very end."""
    at = tail.rfind(_ZIP_END)
    while at >= 0:
        end = at + _ZIP_END_SIZE
        if end <= len(tail) and end + int.from_bytes(tail[end - 2 : end], "little") == len(tail):
            return True
        at = tail.rfind(_ZIP_END, 0, at)
    return False


def _is_whole_pdf(head: bytes, tail: bytes) -> bool:
    ending = tail[-_PDF_TAIL:]
    return _PDF_HEADER.match(head) is not None and b"startxref" in ending and b"%%EOF" in ending
