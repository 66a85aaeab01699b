"""Print on paper: a letterhead, sections, tables and text of all alphabets, with who it is about on every page.

The typeface is DejaVu Sans (see `fonts/LICENSE`), which has Latin, Greek, Cyrillic, Arabic, Hebrew and many symbols.
What it has no letter for is not lost silently: a symbol is written out by its Unicode name (the first few of a text),
anything else is a box, and a line at the end says so.

Any text is printed, in a time that grows with its length only: lines are broken here, for fpdf2 measures each line
again for each of its letters, and a table's cells are cut before they are longer than a page, which fpdf2 refuses.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape, unescape
from itertools import groupby
from typing import Any, ClassVar

from fpdf import FPDF, FontFace, TextStyle
from fpdf.enums import Align, TableBordersLayout, TextDirection
from fpdf.fonts import TTFFont

from server.core import clock, text as texts
from server.core.typeface import face_of

_FAMILY = "DejaVu"
# There is no face that is both; what is both is bold.
_FACES = {"": "DejaVuSans", "B": "DejaVuSans-Bold"}
_SLANTED = {"I": "DejaVuSans-Oblique", "BI": "DejaVuSans-Bold"}
_TEXT, _SMALL, _HEADING, _TITLE = 9.5, 8, 11.5, 15
_LINE = 1.35
_POINT = 25.4 / 72
_MARGIN = 18
_GREY, _BLACK, _RULE, _SHADE = (90, 90, 90), (0, 0, 0), (170, 170, 170), (240, 243, 246)
_RICH = {
    "blockquote": TextStyle(color=_GREY, t_margin=1, b_margin=1, l_margin=5),
    "li": TextStyle(l_margin=5, b_margin=0.9),
    # Without a margin above it fpdf2 leaves a line free.
    "p": TextStyle(t_margin=0.8, b_margin=0.8),
    **dict.fromkeys(("ol", "ul"), TextStyle(t_margin=0.8)),
}
_BOX = "\N{WHITE SQUARE}"
_BOXED = f"{_BOX} stands for a character that this print has no letter for; the record has it."
_ENTITY, _TAG, _BLOCK = re.compile(r"&#?\w{1,32};"), re.compile(r"<[^>]*>"), re.compile(r"<(p|ul|ol)>")
_ENDS = re.compile(r"<br ?/?>|</(p|li|blockquote)>")
_SLANTS = re.compile(r"<(i|em)\b")
_WORD = re.compile(" *[^ ]+")
# More letters than a line has room for.
_LONGEST_WORD = 400
_MOST_SPELLED = 20
# Half a page, for words that do not fit at a line's end can make twice as many lines of it.
_MOST_LINES = 24
# A last page with less on it, in millimetres, is not worth its paper. Long prints are not written twice for it.
_FEW_LINES, _SHORT_PRINT = 45, 6
# Paper by country: these print on letter, all others on A4 (ISO 216).
_ON_LETTER = frozenset({"US", "CA", "MX", "PH", "CL", "CO", "VE", "GT", "CR", "PA", "NI", "SV", "DO", "PR"})


def paper_of(country: str) -> str:
    """Return the paper that offices of a country print on."""
    return "letter" if country in _ON_LETTER else "A4"


class Bold(str):
    """Text that a table writes in bold."""


class Printout(FPDF):
    """A printed document; `footer_text` stands on every page, beside its number.

    `paper` is the name of a size, or width and height in millimetres.
    """

    def __init__(
        self,
        *,
        title: str,
        footer_text: str,
        author: str,
        paper: str | tuple[float, float] = "A4",
        margin: float = _MARGIN,
        room_for_footer: float = 6,
    ) -> None:
        super().__init__(format=paper)
        self.has_boxes = False
        self.footer_text = footer_text
        self._take_up(_FACES)
        face: Any = self.fonts[_FAMILY.lower()]
        self._letters: frozenset[int] = frozenset(face.cmap)
        self.set_fallback_fonts([_FAMILY], exact_match=False)
        self.set_margin(margin)
        self.c_margin = 0
        self.set_auto_page_break(True, margin=margin + room_for_footer)
        self.set_title(title)
        self.set_author(author)
        self.set_creator("Polyclinic")
        self.set_lang("en")
        self.set_creation_date(clock.now())
        self.add_page()
        self._plain()

    def _take_up(self, faces: Mapping[str, str]) -> None:
        """Have faces by their styles; each lengthens the print by what it needs to be read."""
        for style, name in faces.items():
            key = f"{_FAMILY.lower()}{style}"
            if key not in self.fonts:
                self.fonts[key] = face_of(name, key=key, style=style, number=len(self.fonts) + 1)

    def footer(self) -> None:
        """Write who this is about and the number of the page; called for each page as it ends."""
        self.set_y(-self.l_margin)
        self._face(size=_SMALL, colour=_GREY)
        self.set_draw_color(*_RULE)
        self.line(self.l_margin, self.get_y(), self.w - self.r_margin, self.get_y())
        self.set_y(self.get_y() + 1.5)
        width = self.epw - 32
        # A paragraph that goes on overleaf goes on as it began.
        shaping = self.text_shaping
        self._shape(self.footer_text)
        self.cell(width, 4, self._fitting(self.shown(self.footer_text), width))
        self._shape()
        self.cell(32, 4, f"Page {self.page_no()} of {{nb}}", align=Align.R)
        self.text_shaping = shaping

    def shown(self, text: str) -> str:
        """Return text with what the typeface lacks written out, or boxed."""
        if all(ord(one) in self._letters for one in text):
            return text
        parts: list[str] = []
        spelled = 0
        for one, run in groupby(text):
            count = sum(1 for _ in run)
            category = unicodedata.category(one)
            if ord(one) in self._letters or one in "\n\t":
                parts.append(one * count)
            elif category in ("Mn", "Me", "Cf"):
                # Only says how the character before it is drawn.
                continue
            elif category.startswith("S") and spelled < _MOST_SPELLED:
                spelled += 1
                times = f" \N{MULTIPLICATION SIGN}{count}" if count > 1 else ""
                parts.append(f"[{unicodedata.name(one, 'symbol').lower()}{times}]")
            else:
                self.has_boxes = True
                parts.append(_BOX * count)
        return "".join(parts)

    def _shape(self, *texts: str) -> None:
        """Join letters and put what is written from right to left in its order; only where needed, for it is slow."""
        self.set_text_shaping(any(_is_shaped(one) for text in texts for one in text))

    def letterhead(self, name: str, lines: Sequence[str], markup: str | None) -> None:
        """Write the head of who prints this."""
        self._face("B", _TITLE)
        self._block(name, size=_TITLE)
        self._face(size=_SMALL, colour=_GREY)
        for line in lines:
            self._block(line, size=_SMALL)
        if markup:
            self.rich(markup, size=_SMALL)
        self._rule(1.5)

    def headline(self, text: str, remark: str = "") -> None:
        """Write what this is."""
        self._face("B", _HEADING + 1.5)
        self._block(text, size=_HEADING + 1.5)
        if remark:
            self._face("B")
            self._block(remark)
        self._plain()
        self.ln(1)

    def section(self, title: str, *, space: float = 24) -> None:
        """Begin a section, on the next page where only its title would fit on this one; `space` is in millimetres."""
        if self.will_page_break(space):
            self.add_page()
        self.ln(3)
        self._face("B", _HEADING)
        self._block(title, size=_HEADING)
        self._rule(0.4)
        self._plain()

    def note(self, text: str) -> None:
        """Write a small remark."""
        self._face(size=_SMALL, colour=_GREY)
        self._block(text, size=_SMALL)
        self._plain()

    def notes(self, lines: Sequence[str]) -> None:
        """Write small remarks that stay on one page."""
        if self.will_page_break(_LINE * _SMALL * _POINT * len(lines)):
            self.add_page()
        for line in lines:
            self.note(line)

    def text_of(self, text: str, *, size: float = _TEXT) -> None:
        """Write plain text of several lines, as it is; several empty ones become one."""
        self._face(size=size)
        for is_text, lines in groupby(text.split("\n"), key=lambda line: bool(line.strip())):
            if not is_text:
                self.ln(size * _POINT * 0.7)
                continue
            for line in lines:
                self._block(line.replace("\t", "    "), size=size)

    def labelled(self, label: str, text: str) -> None:
        """Write a label and, below it, plain text of several lines."""
        if self.will_page_break(_LINE * _TEXT * _POINT * 2.2):
            self.add_page()
        self._face("B")
        self._block(label)
        self.text_of(text)
        self.ln(0.8)

    def pairs(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Write short facts in two columns, each with its label."""
        self._shape(*(value for _, value in pairs))
        widths = (3, 6, 3, 6)
        with self._tabular(widths, borders=TableBordersLayout.NONE) as table:
            for start in range(0, len(pairs), 2):
                row = table.row()
                for label, value in [*pairs[start : start + 2], ("", "")][:2]:
                    row.cell(self.shown(label), style=FontFace(color=_GREY))
                    row.cell(self._cell_of(value, widths[1] / sum(widths)))

    def table_of(self, heads: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int]) -> None:
        """Write a table whose head is repeated on each page."""
        self._shape(*(cell for row in rows for cell in row))
        self.ln(0.8)
        with self._tabular(widths, borders=TableBordersLayout.HORIZONTAL_LINES, heads=heads) as table:
            for cells in rows:
                row = table.row()
                for cell, width in zip(cells, widths, strict=True):
                    style = FontFace(emphasis="B") if isinstance(cell, Bold) else None
                    row.cell(self._cell_of(cell, width / sum(widths)), style=style, align=_align_of(cell))

    def _cell_of(self, text: str, share: float) -> str:
        """Return what a cell shows that has a share of the width: no more than fits on a page."""
        return self._fitting(self.shown(text.replace("\n", " ")), (self.epw * share - 3) * _MOST_LINES)

    @contextmanager
    def _tabular(
        self, widths: Sequence[int], *, borders: TableBordersLayout, heads: Sequence[str] = ()
    ) -> Iterator[Any]:
        self._plain()
        self.set_draw_color(*_RULE)
        style = FontFace(emphasis="B", fill_color=_SHADE)
        with self.table(
            col_widths=tuple(widths),
            borders_layout=borders,
            headings_style=style,
            first_row_as_headings=bool(heads),
            line_height=_LINE * _TEXT * _POINT,
            padding=(0.8, 1.5) if heads else (0.3, 3, 0.3, 0),
            text_align=Align.L,
        ) as table:
            if heads:
                row = table.row()
                for head in heads:
                    row.cell(head)
            yield table
        self.ln(1)

    def rich(self, markup: str, *, size: float = _TEXT) -> None:
        """Write rich text: the few tags that its field lets through, without them where they are nested too deep.

        What has no tags is text as people type it, and keeps its lines.
        """
        if not _TAG.search(markup):
            self.text_of(unescape(markup), size=size)
            self.ln(1)
            return
        if texts.depth_of(markup) > texts.DEEPEST:
            self.text_of(unescape(_TAG.sub("", _ENDS.sub("\n", markup))))
            return
        if _SLANTS.search(markup):
            self._take_up(_SLANTED)
        letters = _ENTITY.sub(lambda found: escape(unescape(found[0]), quote=False), markup)
        self._shape(letters)
        side = ' align="right"' if _align_of(_TAG.sub("", letters)) == Align.R else ""
        laid_out = _BLOCK.sub(lambda found: f'<{found[1]} line-height="{_LINE}"{side}>', self.shown(letters))
        self._face(size=size)
        self.write_html(
            laid_out,
            font_family=_FAMILY,
            tag_styles=_RICH,
            ul_bullet_char="\N{BULLET}",
            li_prefix_color=_BLACK,
        )
        self.ln(1)
        self._plain()

    @property
    def spills_over(self) -> bool:
        """Whether the last of a few pages has only a few lines."""
        return 1 < self.page_no() <= _SHORT_PRINT and self.get_y() < self.t_margin + _FEW_LINES

    def finished(self) -> bytes:
        """Return the document."""
        if self.has_boxes:
            self.ln(3)
            self.note(_BOXED)
        return bytes(self.output())

    def _block(self, text: str, *, size: float = _TEXT) -> None:
        """Write text over the whole width and go on below it."""
        height, side = _LINE * size * _POINT, _align_of(text)
        self._shape(text)
        if self.text_shaping:
            # Each line is ordered as the whole text is.
            self.text_shaping["direction"] = TextDirection.RTL if side == Align.R else TextDirection.LTR
        for line in self._lines(self.shown(text)):
            self.cell(0, height, line, align=side, new_x="LMARGIN", new_y="NEXT")

    def _lines(self, text: str) -> Iterator[str]:
        """Break a text at spaces, and words that are longer than a line where it ends."""
        line, left = "", self.epw
        measured: dict[str, float] = {}
        for found in _WORD.finditer(text):
            word = found[0]
            for start in range(0, len(word), _LONGEST_WORD):
                part = word[start : start + _LONGEST_WORD]
                if line and self._measure(part, measured) > left:
                    yield line
                    line, left, part = "", self.epw, part.lstrip(" ")
                while (width := self._measure(part, measured)) > left:
                    end = max(1, self._room(part, left))
                    yield part[:end]
                    part = part[end:]
                line, left = line + part, left - width
        yield line

    def _rule(self, thickness: float) -> None:
        self.set_draw_color(*_RULE)
        self.set_line_width(thickness * 0.2)
        at = self.get_y() + 0.8
        self.line(self.l_margin, at, self.w - self.r_margin, at)
        self.set_line_width(0.2)
        self.ln(2.2)

    def _face(self, style: Any = "", size: float = _TEXT, colour: tuple[int, int, int] = _BLACK) -> None:
        self.set_font(_FAMILY, style, size)
        self.set_text_color(*colour)

    def _plain(self) -> None:
        self._face()

    def _fitting(self, text: str, width: float) -> str:
        """Return as much of a text as one line has room for."""
        if self.get_string_width(text) <= width:
            return text
        return f"{text[: self._room(text, width - self.get_string_width('…'))]}…"

    def _room(self, text: str, width: float) -> int:
        """Return how many characters of a text, from its beginning, there is room for."""
        return bisect_right(range(1, len(text) + 1), width, key=lambda end: self.get_string_width(text[:end]))

    def _measure(self, part: str, measured: dict[str, float]) -> float:
        if part not in measured:
            measured[part] = self.get_string_width(part)
        return measured[part]


class Roll(Printout):
    """A slip from a roll of 80 mm, as tills have them: one long page without a footer, cut where its text ends."""

    WIDTH: ClassVar[float] = 80
    # Nearly the longest page that readers of PDF show (200 inches); what is longer goes on on another one.
    LONGEST: ClassVar[float] = 5_000
    MARGIN: ClassVar[float] = 4

    def __init__(self, *, title: str, author: str, length: float = LONGEST) -> None:
        super().__init__(
            title=title,
            footer_text="",
            author=author,
            paper=(self.WIDTH, length),
            margin=self.MARGIN,
            room_for_footer=0,
        )

    def footer(self) -> None:
        """Write nothing."""

    def measured(self) -> float:
        """Throw away what has been written; return how long a page it takes, or the longest if it takes several."""
        for face in self.fonts.values():
            if isinstance(face, TTFFont):
                face.close()
        return self.get_y() + self.MARGIN if self.page == 1 else self.LONGEST

    def line_of(self, text: str, *, size: float = _SMALL, is_bold: bool = False) -> None:
        """Write a line, or as many as it takes."""
        self._face("B" if is_bold else "", size)
        self._block(text, size=size)

    def amount(self, text: str, amount: str, *, size: float = _SMALL, is_bold: bool = False) -> None:
        """Write an amount at the right, and what it is at the left of it."""
        self._face("B" if is_bold else "", size)
        self._shape(text, amount)
        height, width = _LINE * size * _POINT, self.get_string_width(amount) + 1
        self.cell(
            self.epw - width, height, self._fitting(self.shown(text), self.epw - width - 2), align=_align_of(text)
        )
        self.cell(width, height, self.shown(amount), align=Align.R, new_x="LMARGIN", new_y="NEXT")

    def rule(self) -> None:
        """Draw a line across."""
        self._rule(0.4)


def _is_shaped(one: str) -> bool:
    return unicodedata.bidirectional(one) in ("R", "AL", "AN") or unicodedata.category(one) == "Mn"


def _align_of(text: str) -> Align:
    """Return the side at which a text begins: that of its first letter (Unicode's bidirectional algorithm, rule P2)."""
    for one in text:
        kind = unicodedata.bidirectional(one)
        if kind in ("R", "AL"):
            return Align.R
        if kind == "L":
            return Align.L
    return Align.L
