"""Rules of the catalogue: a product stands on an item of stock, is known by one RxNorm code, and is never removed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import delete, insert, select

from server.core.access import Actor
from server.core.columns import Expected
from server.core.db import db
from server.core.errors import Conflict, NotFound, refused
from server.core.ids import new_id
from server.core.text import fold_key
from server.modules.inventory.enums import Activity, ItemKind
from server.modules.inventory.models import Item
from server.modules.inventory.policies import Perm as StockPerm, require_kind
from server.modules.inventory.service.items import receive_lot
from server.modules.inventory.service.ledger import Cause
from server.modules.inventory.service.products import add_item_of, change_item
from server.modules.medications.knowledge import key_of
from server.modules.medications.knowledge.naming import unit_of
from server.modules.medications.models import Medication, MedicationClass, MedicationIngredient
from server.modules.medications.service.described import describe

# As what a product is known to the ledger of stock.
SOURCE = "medication"
_OF_ITEM = ("unit", "pack_size", "reorder_point", "category_id", "barcode", "sku")

Ingredients = Sequence[Mapping[str, Any]]


class ControlledInStock(Conflict):
    """There is some of this controlled drug in stock, so its register has begun: add another medication instead."""

    code = "controlled_in_stock"


def add(
    *,
    actor: Actor | None,
    ingredients: Ingredients = (),
    drug_classes: Sequence[str] = (),
    brands: Sequence[str] = (),
    quantity: int | None = None,
    expiration_date: date | None = None,
    lot_number: str | None = None,
    witness_id: uuid.UUID | None = None,
    **fields: Any,
) -> Medication:
    """Put a product into the catalogue with its item of stock, and what there is of it as the first lot."""
    if quantity and actor is not None:
        require_kind(actor, StockPerm.RECEIVE, ItemKind.MEDICATION)
    of_item = {name: fields.pop(name, None) for name in _OF_ITEM}
    of_item["unit"] = of_item["unit"] or unit_of(fields.get("form"))
    medication = Medication(brands="\n".join(brands) or None)
    if fields.get("id") is None:
        fields.pop("id", None)
    _write(medication, fields)
    item = add_item_of(name=medication.name, kind=ItemKind.MEDICATION, is_active=medication.is_active, **of_item)
    medication.item_id = item.id
    describe(medication, _pairs(ingredients), item.barcode)
    db.session.add(medication)
    db.session.flush()
    _write_ingredients(medication.id, ingredients)
    _write_classes(medication.id, drug_classes)
    if quantity:
        cause = Cause(
            activity=Activity.ADD,
            actor=actor,
            document_type=SOURCE,
            document_id=medication.id,
            reason="First lot",
            witness_id=witness_id,
        )
        receive_lot(item_id=item.id, quantity=quantity, cause=cause, lot_number=lot_number, expires_on=expiration_date)
    return medication


def change(*, medication_id: uuid.UUID, expected: Expected, **changes: Any) -> Medication:
    """Change a product; its item is renamed with it, and prescriptions and sales keep what they were written with."""
    medication = _locked(medication_id)
    medication.require(expected)
    of_item = {name: changes.pop(name) for name in _OF_ITEM if name in changes}
    ingredients: Ingredients | None = changes.pop("ingredients", None)
    classes: Sequence[str] | None = changes.pop("drug_classes", None)
    if "brands" in changes:
        changes["brands"] = "\n".join(changes["brands"]) or None
    was = medication.controlled_schedule, medication.drug_key
    # One change is one version, however many tables it looks into.
    with db.session.no_autoflush:
        _write(medication, changes)
        if "unit" in of_item and of_item["unit"] is None:
            of_item["unit"] = unit_of(medication.form)
        item = change_item(medication.item_id, name=medication.name, is_active=medication.is_active, **of_item)
        if ingredients is not None:
            _write_ingredients(medication.id, ingredients)
        if classes is not None:
            _write_classes(medication.id, classes)
        describe(medication, _ingredients_of(medication.id), item.barcode)
        _require_same_register(item, was, (medication.controlled_schedule, medication.drug_key))
        medication.touch()
    db.session.flush()
    return medication


def deactivate(*, medication_id: uuid.UUID, expected: Expected) -> None:
    """Take a product out of the catalogue, and its item with it; both stay readable. Again, it changes nothing."""
    medication = _locked(medication_id)
    if not medication.is_active:
        return
    medication.require(expected)
    medication.is_active = False
    change_item(medication.item_id, is_active=False)
    db.session.flush()


def follow_item(_sender: Any, *, item: Item, changed: frozenset[str]) -> None:
    """Keep a product in step with its item where that was renamed, numbered anew or taken out of use as such."""
    if item.kind != ItemKind.MEDICATION or not changed & {"name", "barcode", "is_active"}:
        return
    stmt = select(Medication).filter_by(item_id=item.id).with_for_update()
    medication = db.session.scalars(stmt).one_or_none()
    if medication is None:
        return
    was = medication.controlled_schedule, medication.drug_key
    with db.session.no_autoflush:
        medication.name, medication.is_active = item.name, item.is_active
        describe(medication, _ingredients_of(medication.id), item.barcode)
        _require_same_register(item, was, (medication.controlled_schedule, medication.drug_key))
    db.session.flush()


def _locked(medication_id: uuid.UUID) -> Medication:
    medication = db.session.get(Medication, medication_id, with_for_update=True)
    if medication is None:
        raise NotFound
    return medication


def _write(medication: Medication, changes: Mapping[str, Any]) -> None:
    for name, value in changes.items():
        setattr(medication, name, value)
    if medication.controlled_schedule and not medication.prescription_required:
        raise refused("prescription_required", why="What is controlled is handed out by prescription only.")


def _require_same_register(item: Item, was: tuple[str | None, str], now: tuple[str | None, str]) -> None:
    """Raise `ControlledInStock` where the register would lose count: it runs by drug, from nothing on."""
    is_controlled = was[0] is not None or now[0] is not None
    if is_controlled and item.on_hand and (was[1] != now[1] or (was[0] is None) != (now[0] is None)):
        raise ControlledInStock


def _pairs(ingredients: Ingredients) -> list[tuple[str, str | None]]:
    return [(one["name"], one.get("rxnorm_code")) for one in ingredients]


def _ingredients_of(medication_id: uuid.UUID) -> list[tuple[str, str | None]]:
    stmt = select(MedicationIngredient.name, MedicationIngredient.rxnorm_code).filter_by(medication_id=medication_id)
    return [(name, code) for name, code in db.session.execute(stmt.order_by(MedicationIngredient.position))]


def _write_ingredients(medication_id: uuid.UUID, ingredients: Ingredients) -> None:
    keys = [key_of(one["name"]) for one in ingredients]
    for number, key in enumerate(keys):
        if not key:
            raise refused(f"ingredients.{number}.name", why="Expected at least one letter or digit.")
        if key in keys[:number]:
            raise refused(f"ingredients.{number}.name", why="Name each ingredient once, whichever salt it is.")
    db.session.execute(delete(MedicationIngredient).where(MedicationIngredient.medication_id == medication_id))
    rows = [
        {"medication_id": medication_id, "id": new_id(), "position": number, "name_key": key, "name": name}
        | {"rxnorm_code": code}
        for number, (key, (name, code)) in enumerate(zip(keys, _pairs(ingredients), strict=True))
    ]
    if rows:
        db.session.execute(insert(MedicationIngredient), rows)


def _write_classes(medication_id: uuid.UUID, names: Sequence[str]) -> None:
    keys = [fold_key(name) for name in names]
    for number, key in enumerate(keys):
        if not key:
            raise refused(f"drug_classes.{number}", why="Expected at least one letter or digit.")
        if key in keys[:number]:
            raise refused(f"drug_classes.{number}", why="Name each class once.")
    db.session.execute(delete(MedicationClass).where(MedicationClass.medication_id == medication_id))
    rows = [
        {"medication_id": medication_id, "id": new_id(), "position": number, "name": name, "name_key": key}
        for number, (name, key) in enumerate(zip(names, keys, strict=True))
    ]
    if rows:
        db.session.execute(insert(MedicationClass), rows)
