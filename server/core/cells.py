"""Write cells that no spreadsheet runs as a formula, and read them again: behind a single quote, which goes again."""

from __future__ import annotations

import re

# Those that spreadsheets take for the beginning of a formula. Quotes before one count, so that each value comes back.
_RISKY = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


def guard(cell: str) -> str:
    """Return the cell as no spreadsheet runs it."""
    return f"'{cell}" if _RISKY.match(cell) else cell


def unguard(cell: str) -> str:
    """Return what was guarded."""
    return cell[1:] if _GUARDED.match(cell) else cell
