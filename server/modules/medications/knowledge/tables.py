"""The tables that are shipped with this module, each line with its source (data/README.md)."""

from __future__ import annotations

import csv
from importlib.resources import files

_DATA = files("server.modules.medications").joinpath("data")


def read_table(name: str) -> list[dict[str, str]]:
    """Return the lines of a shipped table."""
    return list(csv.DictReader(_DATA.joinpath(f"{name}.csv").read_text(encoding="utf-8").splitlines()))


def listed(cell: str) -> list[str]:
    """Return the parts of a cell that lists several, with `;` between them."""
    return [part.strip() for part in cell.split(";") if part.strip()]
