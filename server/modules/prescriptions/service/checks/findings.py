"""What is asked of the checks and what they answer."""

from __future__ import annotations

import hashlib
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from server.modules.medications.knowledge import Substances
from server.modules.prescriptions.enums import FindingKind, Severity
from server.modules.prescriptions.queries.known import Taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A medication that is to be prescribed or handed out, the `index`-th of its prescription, and how it is taken."""

    index: int
    medication_id: uuid.UUID
    dose_value: str | None = None
    dose_unit: str | None = None
    times_per_day: int | None = None
    interval_hours: int | None = None
    as_needed: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that speaks against a medication.

    The id is made of what was found and on which evidence, the version of an allergy for example: the same finding has
    the same id, and one whose evidence has changed has another.
    """

    id: str
    kind: str
    severity: str
    message: str
    item_index: int | None
    evidence: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Drug:
    """A medication with what is in it: one that is asked for, or one (`taken`) that the patient takes already."""

    substances: Substances
    asked: Asked | None = None
    taken: Taken | None = None

    @property
    def keys(self) -> frozenset[str]:
        """The keys of what is in it."""
        return frozenset(one.key for one in self.substances.ingredients)

    @property
    def all_keys(self) -> frozenset[str]:
        """The keys of what is in it and of the classes it is of."""
        return self.keys | self.substances.classes

    def named(self) -> dict[str, Any]:
        """Return how evidence names it."""
        found: dict[str, Any] = {"medication_id": str(self.substances.medication_id), "name": self.substances.name}
        if self.taken is not None:
            found["prescription_id"] = str(self.taken.prescription_id)
            found["rx_number"] = self.taken.rx_number
            found["item_id"] = str(self.taken.item_id)
        return found


def found(
    kind: FindingKind, severity: Severity, message: str, *, drug: Drug | None = None, evidence: Mapping[str, Any]
) -> Finding:
    """Return a finding against a medication that is asked for, or against prescribing at all."""
    shown = dict(evidence)
    about: list[str] = []
    if drug is not None:
        about = [str(drug.substances.medication_id), drug.substances.drug_key, *sorted(drug.keys)]
    made_of = orjson.dumps([kind, severity, about, shown], option=orjson.OPT_SORT_KEYS, default=str)
    identity = urlsafe_b64encode(hashlib.sha256(made_of).digest()).rstrip(b"=").decode()
    index = drug.asked.index if drug is not None and drug.asked is not None else None
    return Finding(identity, str(kind), str(severity), message, index, shown)
