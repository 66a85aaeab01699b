"""Search one folded column with LIKE, the same on both databases; a trigram index finds the candidates."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_
from sqlalchemy.sql import ColumnElement

from server.core.errors import refused
from server.core.text import fold_query


def asked_words(q: str) -> list[str]:
    """Return the folded words of `q`; none at all is a 422."""
    words = fold_query(q)
    if not words:
        raise refused("q", why="Expected at least one letter or digit.")
    return words


def like(word: str) -> str:
    r"""Return a LIKE pattern of a word taken literally (ESCAPE '\')."""
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def patterns(q: str) -> list[str]:
    r"""Return for each folded word of `q` the LIKE pattern of what contains it (ESCAPE '\')."""
    return [f"%{like(word)}%" for word in asked_words(q)]


def containing_words(column: Any, q: str) -> ColumnElement[bool]:
    """Return "every word of `q` occurs in the folded column"."""
    return and_(*(column.like(f"%{like(word)}%", escape="\\") for word in asked_words(q)))


def search_text(*parts: list[str]) -> str:
    """Join folded words into the searched column, each between single spaces, so that `' word'` finds beginnings."""
    return " " + " ".join(dict.fromkeys(word for words in parts for word in words)) + " "
