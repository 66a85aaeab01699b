"""Small files of each kind, and bad ones; all made here."""

import hashlib
import io
import struct
import zipfile
import zlib
from typing import Any

from PIL import Image

from server.core.uploads import Upload

PDF = b"%PDF-1.4\n1 0 obj\n<</Type/Catalog>>\nendobj\nxref\n0 1\ntrailer\n<</Root 1 0 R>>\nstartxref\n44\n%%EOF\n"
GPS_TAG, ORIENTATION = 0x8825, 0x0112


def image(kind: str = "PNG", size: tuple[int, int] = (64, 48), mode: str = "RGB", **options: Any) -> bytes:
    """Return an image with some detail in it."""
    out = io.BytesIO()
    Image.effect_noise(size, 60).convert(mode).save(out, kind, **options)
    return out.getvalue()


def lying_photo() -> bytes:
    """Return a JPEG that is to be turned clockwise, its left half red; it says where and by whom it was made."""
    picture = Image.new("RGB", (60, 40), "blue")
    picture.paste("red", (0, 0, 30, 40))
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    exif.get_ifd(GPS_TAG)[1] = "N"
    exif[0x010E] = "Taken at home"
    out = io.BytesIO()
    picture.save(out, "JPEG", exif=exif, icc_profile=b"profile" * 20, comment=b"secret remark", quality=95)
    return out.getvalue()


def png_of(width: int, height: int, data: bytes = b"", *more: tuple[bytes, bytes]) -> bytes:
    """Return a PNG of one bit a pixel that claims a size, whatever its data."""
    header = struct.pack("!LLBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), *more, (b"IDAT", zlib.compress(data)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, chunks))


def _chunk(chunk: tuple[bytes, bytes]) -> bytes:
    kind, data = chunk
    return struct.pack("!L", len(data)) + kind + data + struct.pack("!L", zlib.crc32(kind + data))


def archive(comment: bytes = b"") -> bytes:
    """Return a ZIP archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("run.class", b"x" * 50)
        made.comment = comment
    return out.getvalue()


def upload_of(name: str, content: bytes, declared_type: str = "") -> Upload:
    """Return a file as it is once it was taken in."""
    return Upload(name, declared_type, len(content), hashlib.sha256(content).hexdigest(), io.BytesIO(content))
