"""Read the names of products as RxNorm writes them: "12 HR oxycodone hydrochloride 60 MG Extended Release Oral Tablet".

Substance, strength and form are told apart where the name is regular; what is not is left unsaid, never guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from server.modules.medications.knowledge.keys import key_of

_NUMBER = r"\d[\d,]*(?:\.\d+)?(?:/\d+(?:\.\d+)?)*"
_UNIT = (
    r"(?:VECTOR-GENOMES|VIRAL-PARTICLES|SQ-HDM|SQCM|CELLS|ACTUAT|MEQ|MMOL|MCG|MCI|BAU|UNT|EIN|MG|ML|AU|IR|GM|G|%)"
    r"(?:/(?:ACTUAT|SQCM|MG|ML|HR|L|G))?"
)
# How much is in one container, how long it works, how it is made: what stands before the first substance.
_BEFORE = re.compile(
    rf"^(?:{_NUMBER} (?:ML|HR|ACTUAT|MG|DAY|SQCM)\s+(?=\D)|NDA\d+\s+|(?:Abuse-Deterrent|Once-Daily|Osmotic|Sprinkle|"
    r"Augmented|Sensor|Biphasic|3-Bead)\s+)",
    re.IGNORECASE,
)
_PART = re.compile(
    rf"^(?P<substance>.*?\S)\s+(?P<strength>{_NUMBER} ?{_UNIT})(?=\s|$)(?:\s+(?P<form>.+))?$", re.IGNORECASE
)
# How people join substances who do not write as RxNorm does.
_JOINED = re.compile(r"\s*[/+&]\s*|\s+(?:and|with)\s+", re.IGNORECASE)
_BRAND = re.compile(r"\s*\[(?P<brand>[^\[\]]+)\]\s*$")
_PACK = re.compile(r"\s+\d+ Day Pack$", re.IGNORECASE)
_FORM = re.compile(
    r"\s+(?P<form>(?:(?:extended|delayed) release |disintegrating |chewable |effervescent )?"
    r"(?:oral |sublingual |buccal |topical |ophthalmic |otic |nasal |rectal |vaginal |injectable |inhalation )?"
    r"(?:tablets?|capsules?|solution|suspension|cream|ointment|gel|lotion|injection|patch|spray|drops|suppository|"
    r"syrup|inhaler|lozenge|powder|film|foam))$",
    re.IGNORECASE,
)
_COUNTED = (
    ("tablet", "tablet"),
    ("capsule", "capsule"),
    ("patch", "patch"),
    ("suppository", "suppository"),
    ("lozenge", "lozenge"),
    ("solution", "ml"),
    ("suspension", "ml"),
    ("syrup", "ml"),
    ("mouthwash", "ml"),
    ("injection", "ml"),
    ("cream", "g"),
    ("ointment", "g"),
    ("gel", "g"),
    ("lotion", "ml"),
)


@dataclass(frozen=True, slots=True)
class Part:
    """One substance of a product, as it is written, and how much of it."""

    substance: str
    strength: str | None


@dataclass(frozen=True, slots=True)
class ProductName:
    """What the name of a product says."""

    parts: tuple[Part, ...]
    form: str | None
    brand: str | None

    @property
    def strength(self) -> str | None:
        """All strengths in their order, or None where that of a part is not said."""
        said = [part.strength for part in self.parts]
        return " / ".join(one for one in said if one) if all(said) else None


def read_name(name: str) -> ProductName:
    """Return what a name says; a name that is not regular is that of its one substance."""
    found = _BRAND.search(name)
    brand = found["brand"].strip() if found else None
    rest = _PACK.sub("", name[: found.start()] if found else name)
    parts: list[Part] = []
    form = None
    pieces = [piece.strip() for piece in re.split(r"\s+/\s+", rest) if piece.strip()]
    for number, piece in enumerate(pieces):
        text, before = piece, ""
        while text != before:
            before, text = text, _BEFORE.sub("", text)
        part, said = _read_part(text, is_last=number == len(pieces) - 1)
        parts.append(part)
        form = said or form
    return ProductName(tuple(parts) or (Part(name, None),), form, brand)


def _read_part(text: str, *, is_last: bool) -> tuple[Part, str | None]:
    found = _PART.match(text)
    while found and found["form"] and (further := _PART.match(found["form"])):
        found = further
    if found:
        return Part(found["substance"], found["strength"]), found["form"] if is_last else None
    ends = _FORM.search(text) if is_last else None
    return (Part(text[: ends.start()], None), ends["form"]) if ends else (Part(text, None), None)


def substances_in(name: str) -> list[str]:
    """Return the substances that a name says, each once whichever salt it is."""
    said = [one for part in read_name(name).parts for one in _JOINED.split(part.substance) if one]
    found: dict[str, str] = {}
    for one in said:
        found.setdefault(key_of(one), one)
    return [one for key, one in found.items() if key]


def unit_of(form: str | None) -> str:
    """Return in what a form is counted, where nobody says it."""
    said = (form or "").casefold()
    return next((unit for word, unit in _COUNTED if word in said), "piece")
