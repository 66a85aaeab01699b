"""What tests of the counter and of the register share."""

import uuid
from dataclasses import dataclass
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from server.core.db import db
from server.modules.inventory.models import Item
from server.modules.medications.models import Medication
from server.modules.pharmacy.models import ControlledEntry
from tests.factories.people import PASSWORD, SignedIn, signed_in
from tests.factories.stock import receive


@dataclass(frozen=True)
class Drug:
    """A product of the catalogue as its test knows it."""

    id: str
    item_id: uuid.UUID
    name: str
    price: str


def make_drug(app: Flask, *, stock: int = 0, price: str = "1.00", **fields: Any) -> Drug:
    """Put a product into the catalogue, sold freely unless it is said otherwise, with so many units in one lot."""
    facts = {"name": f"Drug {uuid.uuid4().hex[:8]}", "prescription_required": False, "price_per_unit": price, **fields}
    answer = signed_in(app, "pharmacist").post("/medications", json=facts)
    assert answer.status_code == 201, answer.text
    made = answer.json["data"]
    drug = Drug(made["id"], uuid.UUID(made["item_id"]), made["name"], made["price_per_unit"])
    if stock:
        receive(app, drug.item_id, stock)
    return drug


def make_controlled(app: Flask, *, stock: int = 0, **fields: Any) -> Drug:
    """Put a controlled product into the catalogue."""
    facts = {"name": "Morphine sulfate 10 MG Oral Tablet", "strength": "10 MG", "form": "Oral Tablet", **fields}
    facts.setdefault("ingredients", [{"name": "morphine"}])
    return make_drug(app, stock=stock, prescription_required=True, controlled_schedule="II", **facts)


def witnessed(someone: SignedIn, password: str = PASSWORD) -> dict[str, Any]:
    """Return what a body says of its witness."""
    return {"witness": {"identifier": someone.user.email, "password": password}}


def register(someone: SignedIn, **query: Any) -> list[dict[str, Any]]:
    """Return the lines of the register, the first one first."""
    answer = someone.get("/controlled-register", query_string={"sort": "at", "per_page": 100, **query})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json["data"]
    return found


def assert_register_is_right(app: Flask) -> None:
    """Hold the register to the lots: the same balance by drug, running, with lines that are numbered without a gap."""
    with app.app_context(), db.engine.connect() as connection:
        on_hand = select(Medication.drug_key, func.sum(Item.on_hand)).join(Item, Item.id == Medication.item_id)
        is_controlled = Medication.controlled_schedule.is_not(None)
        stock = dict(connection.execute(on_hand.where(is_controlled).group_by(Medication.drug_key)).all())
        entries = ControlledEntry.__table__
        lines = connection.execute(entries.select().order_by(entries.c.drug_key, entries.c.number)).all()
    balances: dict[str, int] = {}
    numbers: dict[str, int] = {}
    for line in lines:
        balances[line.drug_key] = balances.get(line.drug_key, 0) + line.change
        numbers[line.drug_key] = numbers.get(line.drug_key, 0) + 1
        assert (line.balance, line.number) == (balances[line.drug_key], numbers[line.drug_key])
    assert {key: count for key, count in balances.items() if count} == {key: int(n) for key, n in stock.items() if n}


def sell(someone: SignedIn, lines: list[dict[str, Any]], **body: Any) -> Any:
    """Try to sell."""
    return someone.post("/transactions", json={"lines": lines, **body})


def sold(someone: SignedIn, lines: list[dict[str, Any]], **body: Any) -> dict[str, Any]:
    """Sell, and return the sale."""
    answer = sell(someone, lines, **body)
    assert answer.status_code == 201, answer.text
    data: dict[str, Any] = answer.json["data"]
    return data
