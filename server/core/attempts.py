"""Try work whose failure, whatever it is, must not stop the work beside it."""

from __future__ import annotations

from collections.abc import Callable
from traceback import extract_tb
from typing import TypeVar

import structlog

T = TypeVar("T")

log = structlog.get_logger(__name__)


def attempt(work: Callable[[], T]) -> tuple[T | None, Exception | None]:
    """Return what `work` returns, or the error that ended it, which is logged."""
    try:
        return work(), None
    except Exception as error:  # noqa: BLE001 - whatever it is; the caller is told
        # Where, not what: the text of an error may hold an address.
        place = extract_tb(error.__traceback__)[-1]
        log.warning("attempt_failed", error=type(error).__name__, where=f"{place.filename}:{place.lineno}")
        return None, error
