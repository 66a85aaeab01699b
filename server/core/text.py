"""Rules for text: what is refused, and how text is folded for search. Nothing is ever changed on its way in."""

from __future__ import annotations

import hashlib
import re
import sys
import unicodedata

import bleach

BIDI_OVERRIDES = "\u202a-\u202e\u2066-\u2069"
CONTROL = "\u0000-\u001f\u007f-\u009f"
CONTROL_BUT_TAB_NEWLINE = "\u0000-\u0008\u000b-\u001f\u007f-\u009f"

# Published in the OpenAPI document as they stand, so they use what ECMA-262 and Python share.
LINE_PATTERN = rf"^(?![\s\S]*<[A-Za-z/!?])(?=[\s\S]*\S)[^{CONTROL}{BIDI_OVERRIDES}]*$"
PARAGRAPH_PATTERN = rf"^(?=[\s\S]*\S)[^{CONTROL_BUT_TAB_NEWLINE}{BIDI_OVERRIDES}]*$"

HAS_MARKUP = re.compile(r"<[A-Za-z/!?]")
HAS_CONTROL = re.compile(f"[{CONTROL}]")
HAS_CONTROL_BUT_TAB_NEWLINE = re.compile(f"[{CONTROL_BUT_TAB_NEWLINE}]")
HAS_BIDI = re.compile(f"[{BIDI_OVERRIDES}]")

RICH_TAGS = frozenset({"p", "br", "b", "strong", "i", "em", "u", "ul", "ol", "li", "blockquote"})

DEEPEST = 8
_NUMBERED = re.compile(r"&#(?:[xX]0*(?P<hex>[0-9a-fA-F]+)|0*(?P<decimal>[0-9]+));?", re.ASCII)
_NESTING = re.compile(r"<(/?)(?!br\b)[a-z]+", re.IGNORECASE)

LONGEST_KEY = 300

# Letters that Unicode does not decompose but that people type without their stroke or ligature.
_PLAIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "\u0131": "i", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ħ": "h", "ŧ": "t"}
)
# Apostrophes, quotes, hyphens and dashes: O'Reilly is found by oreilly.
_DROPPED = re.compile("['`\u00b4\u02bc\u2018\u2019\\-_\u00ad\u2010-\u2014]")
_PLAIN_WORD = re.compile("[a-z0-9]+")
_SCRIPTS_WITH_OPTIONAL_MARKS = ("LATIN", "GREEK", "CYRILLIC", "ARABIC", "HEBREW")
_PHONE_LIKE = re.compile(r"[\d\s+()./\-]+")


def drops_markup(text: str) -> bool:
    """Whether bleach would drop anything of this rich text but what its allow-list holds."""
    cleaned = bleach.clean(text, tags=RICH_TAGS, attributes={}, strip=True, strip_comments=True)
    return _canonical(cleaned) != _canonical(text)


def written_out(markup: str) -> str:
    """Return markup with the characters that it gives by number; U+0000 stands for numbers that are no character."""
    return _NUMBERED.sub(_numbered, markup)


def _numbered(found: re.Match[str]) -> str:
    digits, base = (found["hex"], 16) if found["hex"] else (found["decimal"], 10)
    # Python reads no number of thousands of digits; no character has more than seven.
    number = int(digits, base) if len(digits) <= 7 else 0
    return chr(number) if number <= sys.maxunicode and not 0xD800 <= number <= 0xDFFF else "\0"


def depth_of(markup: str) -> int:
    """Return how deep the tags of rich text are nested."""
    depth = deepest = 0
    for closes in _NESTING.findall(markup):
        depth += -1 if closes else 1
        deepest = max(deepest, depth)
    return deepest


def _canonical(markup: str) -> str:
    """Undo the escaping and the spelling of void tags, which carry no content."""
    plain = markup.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", "\u00a0").replace("&amp;", "&")
    return re.sub(r"<br\s*/?>", "<br>", plain, flags=re.IGNORECASE)


def fold(text: str) -> list[str]:
    """Return the words of `text` as search compares them: no case, accents, apostrophes or hyphens.

    Combining marks are dropped after Latin, Greek, Cyrillic, Arabic and Hebrew letters only; elsewhere (Indic vowel
    signs) they carry meaning. Folding folded text changes nothing.
    """
    if text.isascii():
        return _PLAIN_WORD.findall(_DROPPED.sub("", text).lower())
    # Before NFKD too: it makes a space of the acute accent that people type for an apostrophe.
    bare = unicodedata.normalize("NFKD", _DROPPED.sub("", text))
    plain = unicodedata.normalize("NFKD", bare.casefold()).translate(_PLAIN)
    words: list[str] = []
    word: list[str] = []
    base_drops_marks = False
    for char in _DROPPED.sub("", plain):
        kind = unicodedata.category(char)[0]
        if kind == "M":
            if not base_drops_marks and word:
                word.append(char)
        elif kind in "LN":
            base_drops_marks = unicodedata.name(char, "").startswith(_SCRIPTS_WITH_OPTIONAL_MARKS)
            word.append(char)
        elif word:
            words.append("".join(word))
            word = []
    if word:
        words.append("".join(word))
    return words


def fold_query(text: str) -> list[str]:
    """Return the words that a search asks for; a phone number or date becomes its digits alone."""
    if _PHONE_LIKE.fullmatch(text.strip()):
        digits = digits_of(text)
        return [digits] if digits else []
    return fold(text)


def fold_key(text: str) -> str:
    """Return one comparable string for exact matches that ignore case and accents.

    Folding can make one letter eighteen; what would not fit into an index ends in its digest.
    """
    key = " ".join(fold(text))
    if len(key) <= LONGEST_KEY:
        return key
    digest = hashlib.sha256(key.encode()).hexdigest()
    return key[: LONGEST_KEY - len(digest)] + digest


def digits_of(text: str) -> str:
    """Return the ASCII digits of `text`."""
    return "".join(str(unicodedata.digit(char)) for char in text if unicodedata.digit(char, None) is not None)
