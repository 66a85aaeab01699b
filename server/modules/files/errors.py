"""Why a file is not taken in, or not handed out."""

from server.core.errors import Conflict, Invalid, NotFound


class FileTypeNotAllowed(Invalid):
    """Only PNG and JPEG images and PDF documents are taken in."""

    code = "file_type_not_allowed"


class FileTypeMismatch(Invalid):
    """The content of the file, the ending of its name and its declared type do not agree."""

    code = "file_type_mismatch"


class FileDamaged(Invalid):
    """The file cannot be opened."""

    code = "file_damaged"


class ImageTooLarge(Invalid):
    """The image has more pixels than can be looked at safely."""

    code = "image_too_large"


class ScanPending(Conflict):
    """The file has yet to be scanned; try again in a minute."""

    code = "scan_pending"


class FileInfected(Conflict):
    """The scanner found malware in this file; it is never handed out."""

    code = "file_infected"


class NoPreview(NotFound):
    """There is no preview of this file."""

    code = "no_preview"
