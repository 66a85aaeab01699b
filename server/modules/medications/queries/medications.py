"""Find medications, each with its ingredients and classes, and what there is of it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, func, select
from sqlalchemy.sql import ColumnElement

from server.core import clock
from server.core.dump import columns_of
from server.core.errors import NotFound
from server.core.kept import Filter, Form, ask, conditions
from server.core.listing import ListSpec, Page, fetch_page
from server.core.ranking import Search, fetch_ranked
from server.core.search import like
from server.core.text import fold
from server.modules.inventory.models import Item, Lot
from server.modules.inventory.queries import levels
from server.modules.medications.models import Medication, MedicationClass, MedicationIngredient
from server.modules.medications.queries.search import containing, rank_of, rank_values, words_of
from server.modules.medications.queries.sellable import is_sellable
from server.modules.medications.schemas.medications import MedicationOut

_ADDED = ("ingredients", "drug_classes", "quantity", "available", "expiration_date")
_OF_ITEM = ("unit", "pack_size", "reorder_point", "category_id", "barcode", "sku")
_OWN = tuple(name for name in columns_of(MedicationOut) if name not in _ADDED)
# The columns of a row as it is answered: what comes from statements of their own is last.
COLUMNS = (*_OWN, *_ADDED)
_ID, _ITEM_ID = _OWN.index("id"), _OWN.index("item_id")

LIST = ListSpec(
    sorts={"name": Medication.name_key, "created_at": Medication.created_at}, tie=Medication.id, default="name"
)


def page_of_medications(connection: Connection, query: Mapping[str, Any]) -> Page:
    """Return one page of the catalogue; what best fits `q` comes first unless an order is asked for."""
    words = words_of(query["q"]) if "q" in query else []
    form, values = ask(_FILTERS, query)
    values["today"] = clock.today()
    stmt = _statement(form, len(words))
    values |= {f"word_{number}": f"%{like(word)}%" for number, word in enumerate(words)}
    if words and not query.get("sort"):
        values |= rank_values(words)
        by_row = _statement(form, len(words), by_row=True)
        search = Search(stmt, by_row, values, rank=rank_of(len(words)), at=lambda: words[0])
        page = fetch_ranked(connection, search, LIST, query)
    else:
        page = fetch_page(connection, stmt, LIST, query, values=values)
    page.rows, page.columns = _with_parts(connection, page.rows), COLUMNS
    return page


def medication_row(connection: Connection, medication_id: uuid.UUID) -> Sequence[Any]:
    """Return one medication, in the catalogue or no more, or raise `NotFound`."""
    found = connection.execute(_columns().where(Medication.id == medication_id)).all()
    if not found:
        raise NotFound
    return _with_parts(connection, found)[0]


def _columns() -> Select[Any]:
    tables = (Item.__table__ if name in _OF_ITEM else Medication.__table__ for name in _OWN)
    return select(*(table.c[name] for table, name in zip(tables, _OWN, strict=True))).join(
        Item, Item.id == Medication.item_id
    )


@lru_cache(maxsize=256)
def _statement(form: Form, words: int, by_row: bool = False) -> Select[Any]:
    stmt = _columns().where(*conditions(_FILTERS, form), *containing(words, by_row=by_row))
    return stmt.outerjoin(_USABLE, _USABLE.c.item_id == Item.id) if "low_stock" in dict(form) else stmt


_FREE = func.sum(Lot.on_hand - Lot.reserved).label("free")
_USABLE = select(Lot.item_id, _FREE).where(is_sellable()).group_by(Lot.item_id).subquery("usable")


def _is_low(is_low: Any) -> ColumnElement[bool]:
    low = levels.is_low(func.coalesce(_USABLE.c.free, 0))
    found: ColumnElement[bool] = low == is_low
    return found


def _expires_before(day: Any) -> ColumnElement[bool]:
    lots = select(Lot.item_id).where(is_sellable(), Lot.on_hand > 0, Lot.expires_on < day)
    return Medication.item_id.in_(lots)


def _has_form(pattern: Any) -> ColumnElement[bool]:
    return Medication.form_key.like(pattern, escape="\\")


_FILTERS: Mapping[str, Filter] = {
    "is_active": Filter(lambda is_active: Medication.is_active == is_active),
    "prescription_required": Filter(lambda is_required: Medication.prescription_required == is_required),
    "low_stock": Filter(_is_low),
    "expiring_before": Filter(_expires_before),
    "form": Filter(_has_form, lambda form: [f"%{like(word)}%" for word in fold(form)]),
}


def _with_parts(connection: Connection, rows: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
    """Add ingredients, classes and stock, in three statements whatever the number of rows."""
    if not rows:
        return []
    ids = [row[_ID] for row in rows]
    ingredients, classes = _ingredients_of(connection, ids), _classes_of(connection, ids)
    stock = _stock_of(connection, [row[_ITEM_ID] for row in rows])
    return [
        (
            *row[: len(_OWN)],
            ingredients.get(row[_ID], []),
            classes.get(row[_ID], []),
            *stock.get(row[_ITEM_ID], (0, 0, None)),
        )
        for row in rows
    ]


def _ingredients_of(connection: Connection, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[dict[str, Any]]]:
    columns = MedicationIngredient.medication_id, MedicationIngredient.name, MedicationIngredient.rxnorm_code
    stmt = select(*columns).where(MedicationIngredient.medication_id.in_(ids))
    found: dict[uuid.UUID, list[dict[str, Any]]] = {}
    for medication_id, name, code in connection.execute(stmt.order_by(MedicationIngredient.position)):
        found.setdefault(medication_id, []).append({"name": name, "rxnorm_code": code})
    return found


def _classes_of(connection: Connection, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[str]]:
    stmt = select(MedicationClass.medication_id, MedicationClass.name).where(MedicationClass.medication_id.in_(ids))
    found: dict[uuid.UUID, list[str]] = {}
    for medication_id, name in connection.execute(stmt.order_by(MedicationClass.position)):
        found.setdefault(medication_id, []).append(name)
    return found


def _stock_of(connection: Connection, item_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, tuple[Any, ...]]:
    """Return of each item how much may be handed out, how much of that is free, and when the first of it expires."""
    first = func.min(Lot.expires_on)
    stmt = (
        select(Lot.item_id, func.sum(Lot.on_hand), func.sum(Lot.on_hand - Lot.reserved), first)
        .where(Lot.item_id.in_(item_ids), Lot.on_hand > 0, is_sellable())
        .group_by(Lot.item_id)
    )
    found = connection.execute(stmt, {"today": clock.today()})
    return {item_id: (quantity, free, expires_on) for item_id, quantity, free, expires_on in found}
