"""Open images that strangers sent, within bounds, and make small copies of them that hold pixels and nothing else."""

from __future__ import annotations

import io
import struct
import threading
import zlib
from typing import IO

from PIL import Image

from server.modules.files.enums import MediaType
from server.modules.files.errors import FileDamaged, ImageTooLarge

# About what 200 MB of memory hold; phones and scanners stay below.
MOST_PIXELS = 50_000_000
LONGEST_SIDE = 1024
_QUALITY = 85
_FORMATS = {MediaType.PNG: "PNG", MediaType.JPEG: "JPEG"}
# What Pillow raises on files that are not what they say. The two about bombs are its own, much higher bounds.
_BAD = (
    *(OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, ArithmeticError, AttributeError),
    *(struct.error, zlib.error, Image.DecompressionBombError, Image.DecompressionBombWarning),
)
_ORIENTATION = 0x0112
# How the stored pixels come to stand upright, by the tag of EXIF (CIPA DC-008, 4.6.5.1.6).
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# One at a time in each process: the memory of several large ones would add up.
_looking = threading.Semaphore(1)


def preview_of(content: IO[bytes], media_type: MediaType, *, field: str) -> IO[bytes]:
    """Return a copy of an image, upright and at most 1024 pixels long, without EXIF, GPS, ICC or text; else a 422."""
    content.seek(0)
    with _looking:
        try:
            with Image.open(content, formats=[_FORMATS[media_type]]) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise ImageTooLarge({field: [f"Expected at most {MOST_PIXELS // 1_000_000} megapixels."]})
                image.draft(None, (LONGEST_SIDE, LONGEST_SIDE))  # a JPEG is decoded at a part of its size
                image.load()
                return _encoded(_small(image), media_type)
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise ImageTooLarge({field: [f"Expected at most {MOST_PIXELS // 1_000_000} megapixels."]}) from None
        except _BAD:
            raise FileDamaged({field: ["The image cannot be opened."]}) from None


def _small(image: Image.Image) -> Image.Image:
    upright = _UPRIGHT.get(_orientation_of(image))
    small: Image.Image = _in_plain_colours(image)
    small.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return small.transpose(upright) if upright is not None else small


def _orientation_of(image: Image.Image) -> int:
    """Return the tag, or 0 where there is none or its block cannot be read: that alone damages no picture."""
    try:
        return int(image.getexif().get(_ORIENTATION, 0))
    except _BAD:
        return 0


def _in_plain_colours(image: Image.Image) -> Image.Image:
    """Return the image in grey or in RGB, with transparency where it has some."""
    if image.mode.startswith("I"):  # 16 bits of grey, as scanners of X-ray films write them
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
        return image.convert("RGBA")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _encoded(small: Image.Image, media_type: MediaType) -> IO[bytes]:
    """Write pixels into a new image, so that nothing that came with the old one is written beside them."""
    clean = Image.new(small.mode, small.size)
    clean.paste(small)
    out = io.BytesIO()
    if media_type == MediaType.JPEG:
        clean.convert("L" if clean.mode == "L" else "RGB").save(out, "JPEG", quality=_QUALITY)
    else:
        clean.save(out, "PNG")
    out.seek(0)
    return out
