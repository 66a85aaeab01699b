"""What tests of medications share."""

from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy import event

from server.core.db import db
from tests.factories.people import SignedIn

AMOXICILLIN = {
    "name": "Amoxil 500 mg capsules",
    "generic_name": "amoxicillin",
    "brands": ["Amoxil", "Trimox"],
    "ingredients": [{"name": "amoxicillin trihydrate", "rxnorm_code": "723"}],
    "drug_classes": ["Penicillins"],
    "rxnorm_code": "308191",
    "form": "Oral Capsule",
    "strength": "500 MG",
    "dosage": "one capsule three times a day",
    "route": "oral",
    "manufacturer": "Grüne & Söhne GmbH",
    "prescription_required": True,
    "controlled_schedule": None,
    "price_per_unit": "0.35",
    "tax_rate": "7.5",
    "unit": "capsule",
    "pack_size": 21,
    "reorder_point": 100,
    "category_id": None,
    "barcode": "4006381333931",
    "sku": "AMX-500",
    "is_active": True,
}


def add(someone: SignedIn, **fields: Any) -> dict[str, Any]:
    """Put a medication into the catalogue and return it."""
    answer = someone.post("/medications", json={"name": "Amoxicillin 500 MG Oral Capsule", **fields})
    assert answer.status_code == 201, answer.text
    data: dict[str, Any] = answer.json["data"]
    return data


def path(medication: dict[str, Any]) -> str:
    """Return the path of a medication."""
    return f"/medications/{medication['id']}"


def names(someone: SignedIn, **query: Any) -> list[str]:
    """Return the names that a list of medications shows, in order."""
    answer = someone.get("/medications", query_string=query)
    assert answer.status_code == 200, answer.text
    return [one["name"] for one in answer.json["data"]]


def statements_of(work: Callable[[], Any]) -> tuple[Any, list[str]]:
    """Return what some work returns, and the SELECTs that it sent."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("SELECT"):
            sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        return work(), sent
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def run(app: Flask, *args: Any) -> Any:
    """Run one of the commands of `flask import`."""
    return app.test_cli_runner().invoke(args=["import", *map(str, args)])
