"""What the rooms above ask the catalogue for."""

from __future__ import annotations

import uuid

from server.core.db import db
from server.core.errors import refused
from server.modules.medications.knowledge import bare_name
from server.modules.medications.knowledge.naming import read_name, substances_in
from server.modules.medications.models import Medication
from server.modules.medications.service import products
from server.modules.medications.service.controlled import schedule_of
from server.modules.medications.service.described import drug_key_of

__all__ = ["by_rxnorm", "drug_key_of", "require"]

_LONGEST_NAME = 200


def require(medication_id: uuid.UUID, path: str) -> Medication:
    """Return a product of the catalogue, or raise a 422 that blames `path` where it is not, or no more, in it."""
    medication = db.session.get(Medication, medication_id)
    if medication is None or not medication.is_active:
        raise refused(path, why="There is no such medication in the catalogue.")
    return medication


def by_rxnorm(code: str, name: str) -> Medication:
    """Return the product of an RxNorm code, in the catalogue or no more, or put one by this name into it.

    What is in a new one, its form and its strength are read from the name where that is regular.
    """
    found = db.session.query(Medication).filter_by(rxnorm_code=code).one_or_none()
    if found is not None:
        return found
    said = read_name(name)
    names = [bare_name(one) for one in substances_in(name)]
    schedule = schedule_of(names, said.form)
    return products.add(
        actor=None,
        name=shortened(name),
        rxnorm_code=code,
        brands=[said.brand] if said.brand else [],
        ingredients=[{"name": one[:300]} for one in names],
        form=fitting(said.form, 60),
        strength=fitting(said.strength, 120),
        prescription_required=True,
        controlled_schedule=schedule,
    )


def shortened(name: str) -> str:
    """Return a name that the catalogue can hold; RxNorm's longest name all 21 antigens of a vaccine."""
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1].rstrip()}…"


def fitting(text: str | None, most: int) -> str | None:
    """Return a text, or None where it is longer than what can be kept: half a strength would mislead."""
    return text if text and len(text) <= most else None
