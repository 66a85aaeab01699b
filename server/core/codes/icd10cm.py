"""Diagnoses by ICD-10-CM: which codes there are, and what they are called.

`icd10cm.txt.gz` holds the categories and codes of the release of April 1, 2026 (CDC/NCHS, public domain, tabular list),
one `code<TAB>title` in each line, in the order of the code points. It is derived from the package simple-icd-10-cm,
which reads the tabular list for 2 s and holds 180 MB; tests/core/test_icd10cm.py holds the two together and says how to
make the file anew.
"""

from __future__ import annotations

import gzip
import re
from bisect import bisect_left
from functools import cache
from pathlib import Path
from typing import Any

from marshmallow import ValidationError, fields

FILE = Path(__file__).with_name("icd10cm.txt.gz")
RELEASE = "April 2026"
# Letter, digit, digit or letter, then up to four more after a dot (CDC/NCHS, ICD-10-CM guidelines, I.A.2).
_FORM = re.compile(r"[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?")


@cache
def _lines() -> list[str]:
    """Return the list, read on first use: 50 ms and 20 MB in a process."""
    return gzip.decompress(FILE.read_bytes()).decode().splitlines()


def title_of(code: str) -> str | None:
    """Return what a code stands for, or None where there is no such code."""
    lines, wanted = _lines(), f"{code}\t"
    place = bisect_left(lines, wanted)
    found = lines[place] if place < len(lines) else ""
    return found.removeprefix(wanted) if found.startswith(wanted) else None


def is_icd10cm(code: str) -> bool:
    """Whether this is a code of ICD-10-CM as it is printed, or a category that has finer codes: `J45` or `J45.909`."""
    return _FORM.fullmatch(code) is not None and title_of(code) is not None


class Icd10cm(fields.String):
    """A code of ICD-10-CM as it is printed, categories included: a list of problems may be less fine than a bill."""

    def __init__(self, **kwargs: Any) -> None:
        published = {
            "pattern": "^(E11[.]9|I10|J45|J45[.]909|S72[.]001A)$",
            "description": f"ICD-10-CM, {RELEASE}. Published narrower than it is: every code of the list is taken.",
        }
        super().__init__(metadata={**published, **kwargs.pop("metadata", {})}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        code: str = super()._deserialize(value, attr, data, **kwargs)
        if _FORM.fullmatch(code) is None:
            raise ValidationError("Expected an ICD-10-CM code as it is printed, in capitals and with its dot: J45.909.")
        if title_of(code) is None:
            raise ValidationError(f"ICD-10-CM ({RELEASE}) has no such code.")
        return code
