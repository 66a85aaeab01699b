"""The faces that prints are set in: each file is read once in a process, for that takes as long as a print does."""

from __future__ import annotations

from copy import copy
from functools import cache
from io import BytesIO
from pathlib import Path

from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.enums import TextEmphasis
from fpdf.fonts import SubsetMap, TTFFont

_FOLDER = Path(__file__).with_name("fonts")


def face_of(name: str, *, key: str, style: str, number: int) -> TTFFont:
    """Return a face for one print: what its file says is shared with others, which letters are used is not."""
    face = copy(_read(name))
    face.i, face.fontkey, face.emphasis = number, key, TextEmphasis.coerce(style)
    # All that fpdf2 writes while it prints.
    face.ttfont = TTFont(BytesIO(_file_of(name)), recalcTimestamp=False, lazy=True)
    face.desc = copy(face.desc)
    face.missing_glyphs = []
    face.subset = SubsetMap(face)
    return face


@cache
def _file_of(name: str) -> bytes:
    """Return the file itself: a print that nobody finishes leaves none open."""
    return (_FOLDER / f"{name}.ttf").read_bytes()


@cache
def _read(name: str) -> TTFFont:
    """Return what the file of a face says."""
    reader = FPDF()
    reader.add_font(name, "", _FOLDER / f"{name}.ttf")
    (face,) = reader.fonts.values()
    if not isinstance(face, TTFFont):
        raise TypeError(name)
    face.close()
    return face
