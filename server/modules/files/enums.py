"""What becomes of a file."""

from enum import StrEnum


class MediaType(StrEnum):
    """What is taken in."""

    PNG = "image/png"
    JPEG = "image/jpeg"
    PDF = "application/pdf"


class Scan(StrEnum):
    """What a scanner said of a file; `unscanned` where none is configured."""

    PENDING = "pending"
    CLEAN = "clean"
    INFECTED = "infected"
    UNSCANNED = "unscanned"


class FileStatus(StrEnum):
    """Whether somebody refers to a file.

    It is staged before its bytes are stored, kept in the transaction of the row that refers to it, and dropped when
    that never came.
    """

    STAGED = "staged"
    KEPT = "kept"
    DROPPED = "dropped"
