"""What the rooms above ask the catalogue for."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from server.core.db import db
from server.core.errors import refused
from server.core.search import like
from server.modules.medications.knowledge import key_of
from server.modules.medications.models import Medication, MedicationIngredient
from server.modules.medications.rxnorm import Product
from server.modules.medications.service.bulk import add_products
from server.modules.medications.service.described import drug_key_of

__all__ = ["by_rxnorm", "drug_key_of", "require"]


def require(medication_id: uuid.UUID, path: str) -> Medication:
    """Return a product of the catalogue, or raise a 422 that blames `path` where it is not, or no more, in it."""
    medication = db.session.get(Medication, medication_id)
    if medication is None or not medication.is_active:
        raise refused(path, why="There is no such medication in the catalogue.")
    return medication


def by_rxnorm(code: str, name: str) -> Medication:
    """Return the product of an RxNorm code, in the catalogue or no more, or put one by this name into it.

    What is in a new one, its form and its strength are read from the name where that is regular; where it names a brand
    that the catalogue knows, that says what is in it.
    """
    found = db.session.scalars(select(Medication).where(Medication.rxnorm_code == code)).first()
    if found is not None:
        return found
    product = Product(code, name, ())
    said = product.read()
    product.brands = (said.brand,) if said.brand else ()
    if len(said.parts) == 1:
        product.ingredients = _ingredients_by_brand(said.parts[0].substance)
    (made,) = add_products([product])
    return db.session.get_one(Medication, made.id)


def _ingredients_by_brand(brand: str) -> dict[str, tuple[str, str | None]]:
    """Return what is in the products of a brand, by key; of several those with the fewest ingredients."""
    key = key_of(brand)
    if not key or db.session.scalar(select(MedicationIngredient.id).filter_by(name_key=key).limit(1)):
        return {}
    known = (
        select(Medication.id)
        .where(Medication.names_text.like(f"%|{like(key)}|%", escape="\\"))
        .order_by(Medication.ingredient_count, Medication.id)
        .limit(1)
    )
    rows = select(MedicationIngredient).filter_by(medication_id=known.scalar_subquery())
    found = db.session.scalars(rows.order_by(MedicationIngredient.position))
    return {one.name_key: (one.name, one.rxnorm_code) for one in found}
