"""Inventory updates: the ledger of all stock, and what is added to it or discarded by hand."""

from datetime import date

import pytest

from tests.factories.people import signed_in
from tests.factories.stock import ledger, make_item, receive, shelf
from tests.inventory.support import reconciled
from tests.patients.support import ids, refused
from tests.pharmacy.support import make_controlled, make_drug, register, sold, witnessed

NOWHERE = "0190c6c1-0000-7000-8000-000000000000"


@pytest.fixture
def manager(app):
    """Give the manager of the pharmacy, who moves all stock."""
    return signed_in(app, "pharmacy_manager")


def update(someone, **body):
    return someone.post("/inventory-updates", json={"quantity": 5, **body})


def updated(someone, **body):
    answer = update(someone, **body)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"].endswith(f"/inventory-updates/{answer.json['data']['id']}")
    return answer.json["data"]


def test_adding_by_medication(app, manager):
    drug = make_drug(app)
    facts = {"lot_number": "A1", "expires_on": "2099-01-31", "unit_cost": "0.20", "reason": "Delivery"}
    made = updated(manager, activity_type="add", medication_id=drug.id, quantity=40, **facts)
    assert (made["quantity_changed_by"], made["resulting_quantity"], made["activity_type"]) == (40, 40, "add")
    assert (made["item_id"], made["reason"], made["user_id"]) == (str(drug.item_id), "Delivery", str(manager.user.id))
    assert len(made["movements"]) == 1
    (lot,) = manager.get(f"/items/{drug.item_id}/lots").json["data"]
    assert (lot["id"], lot["lot_number"], lot["expires_on"], lot["unit_cost"], lot["on_hand"]) == (
        made["lot_id"],
        "A1",
        "2099-01-31",
        "0.20",
        40,
    )
    more = updated(manager, activity_type="add", item_id=str(drug.item_id), lot_id=lot["id"], quantity=2)
    assert (more["lot_id"], more["resulting_quantity"]) == (lot["id"], 42)
    shown = manager.get(f"/inventory-updates/{more['id']}").json["data"]
    assert shown == {name: value for name, value in more.items() if name != "movements"}


def test_what_is_expired_comes_in_quarantined(app, manager):
    drug = make_drug(app)
    updated(manager, activity_type="add", medication_id=drug.id, expires_on="2020-01-31")
    (lot,) = manager.get(f"/items/{drug.item_id}/lots").json["data"]
    assert (lot["status"], lot["available"], lot["on_hand"]) == ("quarantined", 0, 5)


def test_discarding_takes_what_expires_first(app, manager):
    drug = make_drug(app)
    early = receive(app, drug.item_id, 3, expires_on=date(2020, 1, 1))
    late = receive(app, drug.item_id, 9, expires_on=date(2099, 1, 1))
    made = updated(manager, activity_type="discard", medication_id=drug.id, quantity=5, reason="Broken")
    assert [(one["lot_id"], one["quantity_changed_by"]) for one in made["movements"]] == [
        (str(early), -3),
        (str(late), -2),
    ]
    assert (made["lot_id"], made["resulting_quantity"]) == (str(late), 7)
    updated(manager, activity_type="discard", medication_id=drug.id, lot_id=str(late), quantity=7)
    assert shelf(app, drug.item_id).on_hand == 0
    assert reconciled(app).differences == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"activity_type": "sellnonpresc"}, "activity_type"),
        ({"activity_type": "count"}, "activity_type"),
        ({"quantity": 0}, "quantity"),
        ({"quantity": -3}, "quantity"),
        ({"item_id": None}, "item_id"),
        ({"medication_id": NOWHERE}, "item_id"),
        ({"lot_id": NOWHERE}, "lot_id"),
        ({"lot_id": NOWHERE, "lot_number": "A"}, "lot_number"),
        ({"activity_type": "discard", "expires_on": "2099-01-01"}, "expires_on"),
        ({"activity_type": "discard", "lot_id": NOWHERE}, "lot_id"),
        ({"unit_cost": "-1.00"}, "unit_cost"),
        ({"quantity": 2**31 - 1}, "quantity"),
    ],
)
def test_updates_that_are_none(app, manager, change, field):
    item = make_item(app, stock=5)
    body = {"activity_type": "add", "item_id": str(item), **change}
    refused(update(manager, **body), 422, "validation_failed", field)
    assert len(ledger(app, item)) == 1


def test_more_than_there_is_is_not_discarded(app, manager):
    item = make_item(app, stock=4)
    answer = update(manager, activity_type="discard", item_id=str(item))
    refused(answer, 409, "insufficient_stock")
    assert (answer.json["available"], answer.json["requested"]) == (4, 5)


def test_medication_and_supplies_are_kept_apart(app, manager):
    drug, gauze = make_drug(app, stock=5), make_item(app, stock=5)
    for role in ("admin", "technician"):
        someone = signed_in(app, role)
        assert update(someone, activity_type="add", item_id=str(gauze)).status_code == 201
        for activity in ("add", "discard"):
            refused(update(someone, activity_type=activity, item_id=str(drug.item_id)), 404, "not_found")
            refused(update(someone, activity_type=activity, medication_id=drug.id), 404, "not_found")
    for role in ("pharmacist", "pharmacy_technician", "cashier", "nurse"):
        refused(update(signed_in(app, role), activity_type="add", item_id=str(gauze)), 403, "forbidden")
    for unknown in ({"item_id": NOWHERE}, {"medication_id": NOWHERE}):
        refused(update(manager, activity_type="add", **unknown), 404, "not_found")


def test_the_list_shows_what_the_role_reaches(app, clock, manager):
    drug, gauze = make_drug(app), make_item(app)
    receive(app, drug.item_id, 5)
    receive(app, gauze, 5)
    technician = signed_in(app, "technician")
    shown = technician.get("/inventory-updates").json["data"]
    assert [one["item_id"] for one in shown] == [str(gauze)]
    assert len(ids(signed_in(app, "admin").get("/inventory-updates"))) == 2
    (hidden,) = [one for one in manager.get("/inventory-updates").json["data"] if one["item_id"] == str(drug.item_id)]
    refused(technician.get(f"/inventory-updates/{hidden['id']}"), 404, "not_found")
    refused(manager.get(f"/inventory-updates/{NOWHERE}"), 404, "not_found")


def test_updates_are_found(app, clock):
    drug, gauze = make_drug(app), make_item(app)
    receive(app, drug.item_id, 9)
    receive(app, gauze, 5)
    clock.shift(86_400)
    manager = signed_in(app, "pharmacy_manager")
    sold(manager, [{"medication_id": drug.id, "quantity": 2}], payment_method="cash")
    for query, count in (
        ({}, 3),
        ({"item_id": str(drug.item_id)}, 2),
        ({"medication_id": drug.id}, 2),
        ({"medication_id": NOWHERE}, 0),
        ({"activity_type": "sellnonpresc"}, 1),
        ({"activity_type": "add"}, 2),
        ({"from": "2026-03-03"}, 1),
        ({"to": "2026-03-02"}, 2),
    ):
        assert len(ids(manager.get("/inventory-updates", query_string=query))) == count, query
    days = {"from": "2026-03-03", "to": "2026-03-02"}
    refused(manager.get("/inventory-updates", query_string=days), 422, "validation_failed", "to")


def test_controlled_stock_is_discarded_before_a_witness(app, manager):
    drug, pharmacist = make_controlled(app, stock=9), signed_in(app, "pharmacist")
    refused(update(manager, activity_type="discard", medication_id=drug.id), 422, "witness_required", "witness")
    made = updated(manager, activity_type="discard", medication_id=drug.id, **witnessed(pharmacist))
    assert made["witness_id"] == str(pharmacist.user.id)
    assert register(pharmacist)[-1]["balance"] == 4
