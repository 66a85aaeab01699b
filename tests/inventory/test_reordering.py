"""What is low, how much to order of it, and the draft of everything that is."""

from datetime import date

import pytest

from server.core.fields import MAX_INT
from server.modules.inventory.reordering import suggested
from tests.factories.people import signed_in
from tests.factories.stock import make_item, receive, set_item, set_lot
from tests.inventory.buying import become, draw_up, line, ordered, receive as deliver
from tests.inventory.http import add
from tests.patients.support import ids, refused


@pytest.fixture
def technician(app, clock):
    """Give a client signed in as a technician."""
    return signed_in(app, "technician")


@pytest.mark.parametrize(
    ("facts", "quantity"),
    [
        ((11, 0, 10, 50, 1), 0),  # above its reorder point
        ((10, 0, 10, 50, 1), 40),
        ((3, 0, 10, 50, 10), 50),  # whole packs
        ((0, 0, 10, 50, 10), 50),
        ((0, 0, 10, 0, 1), 20),  # twice the reorder point where no level is said
        ((0, 20, 10, 50, 10), 30),  # what is on order counts
        ((0, 45, 10, 50, 10), 10),
        ((0, 50, 10, 50, 10), 0),
        ((0, 60, 10, 50, 10), 0),
        ((0, 0, 0, 0, 10), 0),  # nobody said how much there is to be
        ((0, 0, MAX_INT, 0, 1), MAX_INT),
        ((0, 0, MAX_INT, MAX_INT, 2**30), 2**30),
    ],
)
def test_how_much(facts, quantity):
    names = ("available", "on_order", "reorder_point", "target_level", "pack_size")
    assert suggested(**dict(zip(names, facts, strict=True))) == quantity


def low(someone, query=""):
    answer = someone.get(f"/items/low-stock{query}")
    assert answer.status_code == 200, answer.text
    return {one["name"]: (one["is_out"], one["on_order"], one["suggested_quantity"]) for one in answer.json["data"]}


def test_what_is_low_is_listed(app, technician):
    some = make_item(app, name="A some", reorder_point=10, target_level=30, pack_size=12, stock=4, is_critical=True)
    make_item(app, name="B out", reorder_point=5)
    make_item(app, name="C plenty", reorder_point=5, stock=6)
    blocked = make_item(app, name="D blocked", reorder_point=5, kind="equipment")
    set_lot(app, receive(app, blocked, 50), status="quarantined")
    receive(app, blocked, 50, expires_on=date(2026, 3, 1))
    set_item(app, make_item(app, name="E gone", reorder_point=5), is_active=False)
    assert low(technician) == {"A some": (False, 0, 36), "B out": (True, 0, 10), "D blocked": (True, 0, 10)}
    assert list(low(technician, "?is_out=true")) == ["B out", "D blocked"]
    assert list(low(technician, "?is_out=false")) == ["A some"]
    assert list(low(technician, "?is_critical=true")) == ["A some"]
    assert list(low(technician, "?kind=equipment")) == ["D blocked"]
    assert list(low(technician, "?sort=-name")) == ["D blocked", "B out", "A some"]
    order = ordered(technician, line(some, 15))
    assert low(technician)["A some"] == (False, 15, 12)
    deliver(technician, order, 5)
    assert low(technician)["A some"] == (False, 10, 12)
    shown = signed_in(app, "cashier").get("/items/low-stock").json["data"][0]
    assert (shown["quantity"], shown["available"], shown["reorder_point"]) == (9, 9, 10)


def test_a_draft_of_everything_that_is_low(app, technician):
    acme = technician.post("/suppliers", json={"name": "Acme"}).json["data"]["id"]
    some = add(technician, name="A", reorder_point=10, target_level=30, pack_size=12, supplier_id=acme)
    out = add(technician, name="B", reorder_point=5, supplier_id=acme, unit_cost="0.50")
    add(technician, name="C nothing said")
    make_item(app, name="D", kind="medication", reorder_point=5)
    answer = technician.post("/orders/suggest")
    assert answer.status_code == 201, answer.text
    draft = answer.json["data"]
    assert answer.headers["Location"].endswith(f"/api/v1/orders/{draft['id']}")
    assert (draft["status"], draft["number"], draft["supplier_id"]) == ("draft", "O-000001", acme)
    assert [(one["item_id"], one["quantity_ordered"], one["pack_size"]) for one in draft["lines"]] == [
        (some["id"], 36, 12),
        (out["id"], 10, 1),
    ]
    assert draft["total"] == "5.00"
    # All of it is about to be ordered.
    refused(technician.post("/orders/suggest", json={}), 409, "nothing_to_order")
    become(technician, draft, "cancelled")
    again = technician.post("/orders/suggest", json={"supplier_id": acme}).json["data"]
    assert (again["number"], len(again["lines"])) == ("O-000002", 2)


def test_a_draft_is_of_what_one_may_order_and_of_what_was_asked(app, technician):
    manager = signed_in(app, "pharmacy_manager")
    acme = technician.post("/suppliers", json={"name": "Acme"}).json["data"]["id"]
    supply = add(technician, name="A", reorder_point=1, supplier_id=acme)["id"]
    drug = add(manager, name="B", kind="medication", reorder_point=1)["id"]
    refused(technician.post("/orders/suggest", json={"kind": "medication"}), 409, "nothing_to_order")
    both = manager.post("/orders/suggest").json["data"]
    assert ([one["item_id"] for one in both["lines"]], both["supplier"]) == ([supply, drug], None)
    manager.delete(f"/orders/{both['id']}", headers={"If-Match": '"1"'})
    only = manager.post("/orders/suggest", json={"supplier_id": acme}).json["data"]
    assert ([one["item_id"] for one in only["lines"]], only["supplier_id"]) == ([supply], acme)
    technician.delete(f"/suppliers/{acme}")
    manager.delete(f"/orders/{only['id']}", headers={"If-Match": '"1"'})
    without = technician.post("/orders/suggest").json["data"]
    assert without["supplier_id"] is None
    assert ids(manager.get("/orders")) == [without["id"]]


def test_what_came_of_it_fills_the_shelf_up(app, technician):
    add(technician, name="A", reorder_point=10, target_level=30, pack_size=12)
    draft = technician.post("/orders/suggest").json["data"]
    order = become(technician, draft, "ordered").json["data"]
    technician.post(f"/orders/{order['id']}/apply")
    assert low(technician) == {}
    refused(technician.post("/orders/suggest"), 409, "nothing_to_order")
    assert draw_up(technician, line(order["lines"][0]["item_id"], 1))["number"] == "O-000002"
