"""Read words, lengths of time and dates out of the elements of supporting data; "n/a" and nothing are the same."""

from __future__ import annotations

import re
from datetime import date, datetime
from xml.etree.ElementTree import Element

from server.modules.vaccines.engine.periods import Period, period


def word(element: Element, path: str) -> str | None:
    """Read the text of an element below another one."""
    found = (element.findtext(path) or "").strip()
    return found if found and found.lower() != "n/a" else None


def need(element: Element, path: str) -> str:
    """Read a text that must be there. ValueError where it is not."""
    found = word(element, path)
    if found is None:
        raise ValueError(f"<{element.tag}> lacks <{path}>")
    return found


def is_yes(element: Element, path: str) -> bool:
    """Read a yes or no."""
    return (word(element, path) or "").lower() in {"yes", "y"}


def length(element: Element, path: str) -> Period | None:
    """Read an age or interval."""
    found = word(element, path)
    return period(found) if found else None


def day(element: Element, path: str) -> date | None:
    """Read a date, written 20201231 or 12/31/2020."""
    found = word(element, path)
    if found is None:
        return None
    form = "%m/%d/%Y" if "/" in found else "%Y%m%d"
    return datetime.strptime(found, form).date()  # noqa: DTZ007 - a day has no zone


def codes(element: Element, path: str) -> tuple[str, ...]:
    """Read codes that stand together, separated by semicolons."""
    return tuple(re.findall(r"\d+", word(element, path) or ""))
