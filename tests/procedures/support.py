"""Procedures as tests send them, and short ways to send them."""

from typing import Any

from flask import Flask

from server.core.uow import command
from server.modules.billing.service import fees
from tests.factories.database import query
from tests.factories.people import SignedIn

WHOLE = {"name": "Suture of a 3 cm wound & dressing", "indication": "Bleeding, <5 ml/min\nO'Brien sign µ 🦊"}
WENT = {
    "outcome": "Closed with 4 stitches",
    "notes": "lidocaine <5 ml\nمرحبا",
    "complications": "none seen & none told",
}


def one(procedure: Any, *more: str) -> str:
    """Return the path of a procedure, or of something below."""
    return "/".join(["/procedures", str(procedure["id"]), *more])


def order(someone: SignedIn, **fields: Any) -> dict[str, Any]:
    """Order a procedure and return what was answered; ids may be given as they are."""
    body = {"name": "ECG", **{name: str(value) if name.endswith("_id") else value for name, value in fields.items()}}
    answer = someone.post("/procedures", json=body)
    assert answer.status_code == 201, answer.text
    data: dict[str, Any] = answer.json["data"]
    return data


def perform(someone: SignedIn, procedure: Any, **fields: Any) -> dict[str, Any]:
    """Perform a procedure and return what was answered."""
    answer = someone.post(one(procedure, "perform"), json=fields)
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json["data"]
    return data


def make_service(app: Flask, **fields: Any) -> str:
    """Put a service on the fee schedule and return its id."""
    facts = {"code": "P-1", "name": "Minor surgery", "price": 12_050, "tax_rate": 700, **fields}
    with app.app_context(), command("tests.make_service", "service"):
        return str(fees.add(**facts).id)


def charges(app: Flask) -> list[dict[str, Any]]:
    """Return the charges, oldest first."""
    return query(app, "SELECT * FROM charges ORDER BY id")
