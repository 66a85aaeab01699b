"""What is in products, as the checks of safety look at it."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, select

from server.modules.medications.knowledge.classes import class_key, classes_of_ingredient, with_those_above
from server.modules.medications.knowledge.keys import bare_name, key_of
from server.modules.medications.knowledge.naming import substances_in
from server.modules.medications.models import Medication, MedicationClass, MedicationIngredient


@dataclass(frozen=True, slots=True)
class Ingredient:
    """What is in a product; the key is the same whichever salt it is taken as."""

    name: str
    key: str
    rxnorm_code: str | None


@dataclass(frozen=True, slots=True)
class Substances:
    """A product with its ingredients, and the keys of its classes: those said of it, and those its ingredients have."""

    medication_id: uuid.UUID
    name: str
    ingredients: tuple[Ingredient, ...]
    classes: frozenset[str]
    drug_key: str
    strength: str | None
    form: str | None
    controlled_schedule: str | None


def substances_of(connection: Connection, medication_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Substances]:
    """Return what is in products by their ids, in three statements; what is not there is not in the answer.

    Of a product of which nobody said what is in it, its generic name says that, or else its name.
    """
    wanted = list(set(medication_ids))
    ingredients: dict[uuid.UUID, list[Ingredient]] = {}
    of_them = select(
        MedicationIngredient.medication_id,
        MedicationIngredient.name,
        MedicationIngredient.name_key,
        MedicationIngredient.rxnorm_code,
    ).where(MedicationIngredient.medication_id.in_(wanted))
    for medication_id, name, key, code in connection.execute(of_them.order_by(MedicationIngredient.position)):
        ingredients.setdefault(medication_id, []).append(Ingredient(name, key, code))
    said: dict[uuid.UUID, set[str]] = {}
    of_classes = select(MedicationClass.medication_id, MedicationClass.name)
    for medication_id, name in connection.execute(of_classes.where(MedicationClass.medication_id.in_(wanted))):
        said.setdefault(medication_id, set()).add(class_key(name))
    products = select(
        Medication.id,
        Medication.name,
        Medication.generic_name,
        Medication.drug_key,
        Medication.strength,
        Medication.form,
        Medication.controlled_schedule,
    ).where(Medication.id.in_(wanted))
    found = {}
    for row in connection.execute(products):
        parts = tuple(ingredients.get(row.id, ())) or _named_by(row.generic_name or row.name)
        classes = with_those_above(said.get(row.id, set())).union(*(classes_of_ingredient(one.key) for one in parts))
        found[row.id] = Substances(
            medication_id=row.id,
            name=row.name,
            ingredients=parts,
            classes=classes,
            drug_key=row.drug_key,
            strength=row.strength,
            form=row.form,
            controlled_schedule=row.controlled_schedule,
        )
    return found


def _named_by(name: str) -> tuple[Ingredient, ...]:
    return tuple(Ingredient(bare_name(one), key_of(one), None) for one in substances_in(name))
