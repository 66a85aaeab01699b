"""Who got of a recalled lot: the rooms that give things to people say it, each of its own."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Given:
    """So many units of a lot that a document gave to a patient and that have not come back.

    `patient` is how answers name them (`core.refs.patient_ref`), or None where nobody's name was asked.
    """

    document_type: str
    document_id: uuid.UUID
    lot_id: uuid.UUID
    quantity: int
    given_at: datetime
    patient: dict[str, Any] | None


Giving = Callable[[Connection, Collection[uuid.UUID]], Iterable[Given]]

_givings: list[Giving] = []


def add_given(giving: Giving) -> None:
    """Register what finds that which a room has given of some lots."""
    if giving not in _givings:
        _givings.append(giving)


def given_of(connection: Connection, lot_ids: Collection[uuid.UUID]) -> list[Given]:
    """Return all that was given of some lots, the first given first."""
    found = [one for giving in _givings for one in giving(connection, lot_ids)]
    return sorted(found, key=lambda one: (one.given_at, one.document_id))


def shown(given: Iterable[Given], *, with_patients: bool) -> dict[str, Any]:
    """Return what a recall lists of what was given, and of those who got it where that may be told."""
    if not with_patients:
        return {"dispenses": [_without_patient(one) for one in given]}
    dispenses = [asdict(one) for one in given]
    patients = {one["patient"]["id"]: one["patient"] for one in dispenses if one["patient"]}
    return {"dispenses": dispenses, "patients": list(patients.values())}


def _without_patient(one: Given) -> dict[str, Any]:
    return {name: value for name, value in asdict(one).items() if name != "patient"}
