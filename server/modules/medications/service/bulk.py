"""Put many products into the catalogue at once, each with its item, in a few statements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import insert, select

from server.core.db import db
from server.core.ids import new_id
from server.modules.inventory.enums import ItemKind
from server.modules.inventory.service.products import add_items, plain
from server.modules.medications.knowledge import key_of
from server.modules.medications.knowledge.naming import ProductName, unit_of
from server.modules.medications.models import Medication, MedicationIngredient
from server.modules.medications.rxnorm import Product
from server.modules.medications.service.controlled import schedule_of
from server.modules.medications.service.described import describe

LONGEST_NAME, LONGEST_FORM, LONGEST_STRENGTH, LONGEST_GENERIC, LONGEST_INGREDIENT = 200, 60, 120, 300, 300


def known_codes(codes: Iterable[str]) -> set[str]:
    """Return which RxNorm codes have a product, in the catalogue or no more."""
    return set(db.session.scalars(select(Medication.rxnorm_code).where(Medication.rxnorm_code.in_(list(codes)))))


def add_products(products: Sequence[Product]) -> list[Medication]:
    """Add products of RxNorm that are not there yet; each by prescription only until a pharmacist says otherwise.

    What is returned says what was added and is in no session.
    """
    made: list[Medication] = []
    rows: list[dict[str, Any]] = []
    for product in products:
        said = product.read()
        inside = product.contents(said)
        medication = _medication(product, said, inside)
        made.append(medication)
        rows += _ingredient_rows(medication, inside)
    item_ids = add_items(
        {"name": one.name, "kind": ItemKind.MEDICATION, "unit": unit_of(one.form), "is_active": True} for one in made
    )
    for medication, item_id in zip(made, item_ids, strict=True):
        medication.item_id = item_id
    if made:
        db.session.execute(insert(Medication), [plain(one) for one in made])
    if rows:
        db.session.execute(insert(MedicationIngredient), rows)
    return made


def _medication(product: Product, said: ProductName, inside: Sequence[tuple[str, str | None]]) -> Medication:
    names = [name for name, _ in inside]
    medication = Medication(
        id=new_id(),
        name=shortened(product.name),
        generic_name=fitting(" / ".join(names), LONGEST_GENERIC),
        brands="\n".join(product.brands) or None,
        rxnorm_code=product.code,
        form=fitting(said.form, LONGEST_FORM),
        strength=fitting(said.strength, LONGEST_STRENGTH),
        prescription_required=True,
        controlled_schedule=schedule_of(names, said.form),
        is_active=True,
    )
    describe(medication, inside, None)
    return medication


def _ingredient_rows(medication: Medication, inside: Sequence[tuple[str, str | None]]) -> list[dict[str, Any]]:
    """Return the rows of a product's ingredients."""
    return [
        {"id": new_id(), "medication_id": medication.id, "position": number, "name": name[:LONGEST_INGREDIENT]}
        | {"name_key": key_of(name), "rxnorm_code": code}
        for number, (name, code) in enumerate(inside)
    ]


def shortened(name: str) -> str:
    """Return a name that the catalogue can hold; RxNorm's longest name all 21 antigens of a vaccine."""
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1].rstrip()}…"


def fitting(text: str | None, most: int) -> str | None:
    """Return a text, or None where it is longer than what can be kept: half a strength would mislead."""
    return text if text and len(text) <= most else None
