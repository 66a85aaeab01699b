"""Orders: drawn up, ordered, called off, closed and deleted; by whom, and what they say."""

import itertools

import pytest

from tests.factories.people import signed_in
from tests.factories.stock import make_item, set_item
from tests.inventory.buying import become, draw_up, line, ordered, path, receive, shown
from tests.inventory.http import NOWHERE, version
from tests.patients.support import ids, refused

STATES = ("draft", "ordered", "partially_received", "received", "closed", "cancelled")
ALLOWED = {
    ("draft", "ordered"),
    ("draft", "cancelled"),
    ("ordered", "cancelled"),
    ("partially_received", "received"),
    ("received", "closed"),
}


@pytest.fixture
def technician(app, clock):
    """Give a client signed in as a technician, who orders supplies and equipment."""
    return signed_in(app, "technician")


@pytest.fixture
def manager(app, clock):
    """Give a client signed in as a pharmacy manager, who orders everything."""
    return signed_in(app, "pharmacy_manager")


def bring_to(someone, gauze, status):
    """Return an order that stands there."""
    order = draw_up(someone, line(gauze, 10))
    if status == "cancelled":
        return become(someone, order, "cancelled").json["data"]
    if status != "draft":
        order = become(someone, order, "ordered").json["data"]
    if status == "partially_received":
        return receive(someone, order, 4).json["data"]
    if status in ("received", "closed"):
        order = receive(someone, order, 10).json["data"]
    return become(someone, order, "closed").json["data"] if status == "closed" else order


def test_a_draft_says_what_was_sent(app, technician):
    supplier = technician.post("/suppliers", json={"name": "Acme"}).json["data"]["id"]
    gauze, tape = make_item(app, name="Gauze", unit_cost=12, pack_size=50), make_item(app, kind="equipment")
    answer = technician.post(
        "/orders",
        json={
            "supplier_id": supplier,
            "expected_on": "2026-03-09",
            "notes": "Ring < 9:00",
            "lines": [
                {"item_id": str(gauze), "quantity": 100},
                line(tape, 3, unit_cost="4.50", pack_size=1),
            ],
        },
    )
    assert answer.status_code == 201, answer.text
    made = answer.json["data"]
    assert (made["number"], made["status"], made["version"]) == ("O-000001", "draft", 1)
    assert (made["supplier"], made["supplier_id"]) == ({"id": supplier, "name": "Acme"}, supplier)
    assert (made["expected_on"], made["notes"], made["total"]) == ("2026-03-09", "Ring < 9:00", "25.50")
    assert (made["created_by"], made["ordered_at"], made["voided"]) == (str(technician.user.id), None, None)
    first, second = made["lines"]
    assert (first["item_id"], first["item_name"], first["kind"], first["unit"]) == (
        *(str(gauze), "Gauze"),
        *("supply", "piece"),
    )
    assert (first["quantity_ordered"], first["quantity_received"]) == (100, 0)
    assert (first["unit_cost"], first["pack_size"]) == ("0.12", 50)
    assert (second["unit_cost"], second["pack_size"]) == ("4.50", 1)
    assert answer.headers["Location"].endswith(path(made))
    assert technician.get(path(made)).json["data"] == made
    assert technician.get("/orders").json["data"] == [made]
    assert draw_up(technician, line(gauze, 1))["number"] == "O-000002"


@pytest.mark.parametrize(
    ("lines", "field"),
    [
        (None, "lines"),
        ([], "lines"),
        ([{}], "lines.0.item_id"),
        ([{"item_id": str(NOWHERE), "quantity": 1}], "lines.0.item_id"),
        ([{"item_id": "gauze", "quantity": 0}], "lines.0.quantity"),
        ([{"item_id": "gauze"}], "lines.0.quantity_ordered"),
        ([{"item_id": "gauze", "quantity": 1, "quantity_ordered": 2}], "lines.0.quantity_ordered"),
        ([{"item_id": "gauze", "quantity": 1, "pack_size": 0}], "lines.0.pack_size"),
        ([{"item_id": "gauze", "quantity": 1, "unit_cost": "-1"}], "lines.0.unit_cost"),
        ([{"item_id": "gauze", "quantity": 1, "colour": "red"}], "lines.0.colour"),
        ([{"item_id": "gone", "quantity": 1}], "lines.0.item_id"),
    ],
)
def test_what_is_not_valid_is_refused(app, technician, lines, field):
    gauze, gone = make_item(app), make_item(app)
    set_item(app, gone, is_active=False)
    known = {"gauze": str(gauze), "gone": str(gone)}
    sent = [{**one, "item_id": known.get(one.get("item_id"), one.get("item_id"))} for one in lines or ()]
    sent = [{name: value for name, value in one.items() if value is not None} for one in sent]
    refused(technician.post("/orders", json={} if lines is None else {"lines": sent}), 422, "validation_failed", field)
    assert ids(technician.get("/orders")) == []


def test_a_draft_changes_and_what_was_ordered_does_not(app, clock, technician):
    supplier = technician.post("/suppliers", json={"name": "Acme"}).json["data"]["id"]
    gauze, tape = make_item(app), make_item(app)
    order = draw_up(technician, line(gauze, 10))
    refused(technician.patch(path(order), json={"notes": "x"}), 428, "version_required")
    refused(technician.patch(path(order), json={"notes": "x", "version": 9}), 412, "stale_version")
    body = {"lines": [line(tape, 5)], "supplier_id": supplier}
    changed = technician.patch(path(order), json={**body, "version": 1}).json["data"]
    assert [(one["item_id"], one["quantity_ordered"]) for one in changed["lines"]] == [(str(tape), 5)]
    assert (changed["supplier_id"], changed["version"]) == (supplier, 2)
    clock.shift(1)
    again = technician.patch(path(order), json={"lines": [line(tape, 5)], "version": 2}).json["data"]
    assert again["version"] == 3
    order = become(technician, again, "ordered").json["data"]
    assert (order["ordered_by"], order["ordered_at"]) == (str(technician.user.id), "2026-03-02T08:00:01Z")
    for change in ({"lines": [line(gauze, 1)]}, {"supplier_id": None}):
        refused(technician.patch(path(order), json={**change, "version": 4}), 409, "order_not_draft")
    noted = technician.patch(path(order), json={"notes": "Late", "expected_on": "2026-04-01", "version": 4})
    assert (noted.json["data"]["notes"], noted.json["data"]["version"]) == ("Late", 5)
    over = become(technician, noted.json["data"], "cancelled").json["data"]
    refused(technician.patch(path(over), json={"notes": "x", "version": 6}), 409, "invalid_transition")


@pytest.mark.parametrize(("was", "wanted"), list(itertools.product(STATES, STATES)))
def test_every_pair_of_states(app, technician, was, wanted):
    order = bring_to(technician, make_item(app), was)
    assert order["status"] == was
    answer = become(technician, order, wanted)
    if (was, wanted) in ALLOWED:
        assert answer.status_code == 200, answer.text
        changed = answer.json["data"]
        assert (changed["status"], changed["version"]) == (wanted, order["version"] + 1)
        assert (changed["ended_at"] is not None) == (wanted in ("closed", "cancelled"))
    else:
        refused(answer, 409, "invalid_transition")
        assert shown(technician, order) == order


def test_pending_and_declined_are_other_names(app, technician):
    order = draw_up(technician, line(make_item(app), 1))
    assert ids(technician.get("/orders?status=pending")) == [order["id"]]
    refused(become(technician, order, "pending"), 409, "invalid_transition")
    assert become(technician, order, "declined").json["data"]["status"] == "cancelled"
    assert ids(technician.get("/orders?status=declined")) == [order["id"]]
    refused(become(technician, order, "approved"), 422, "validation_failed", "status")
    sent = technician.patch(path(order, "status"), json={"version": 2})
    refused(sent, 422, "validation_failed", "status")


def test_a_status_needs_the_version(app, technician):
    order = draw_up(technician, line(make_item(app), 1))
    refused(technician.patch(path(order, "status"), json={"status": "ordered"}), 428, "version_required")
    refused(become(technician, {**order, "version": 2}, "ordered"), 412, "stale_version")


@pytest.mark.parametrize("status", STATES)
def test_drafts_and_cancelled_ones_are_deleted(app, technician, status):
    order = bring_to(technician, make_item(app), status)
    refused(technician.delete(path(order)), 428, "version_required")
    answer = technician.delete(path(order), headers=version(order["version"]))
    if status not in ("draft", "cancelled"):
        refused(answer, 409, "order_in_progress")
        return
    assert answer.status_code == 204
    assert technician.delete(path(order), headers=version(99)).status_code == 204
    assert ids(technician.get("/orders")) == []
    gone = shown(technician, order)
    assert gone["status"] == "cancelled"
    assert gone["voided"]["at"] == "2026-03-02T08:00:00Z"
    assert gone["voided"]["by"]["id"] == str(technician.user.id)
    refused(become(technician, gone, "ordered"), 409, "invalid_transition")


def test_they_are_filtered(app, technician, clock):
    supplier = technician.post("/suppliers", json={"name": "Acme"}).json["data"]["id"]
    gauze = make_item(app)
    old = draw_up(technician, line(gauze, 1), supplier_id=supplier)["id"]
    clock.shift(86400)
    technician = signed_in(app, user=technician.user)
    new = ordered(technician, line(gauze, 1))["id"]
    for query, found in (
        ("", [new, old]),
        ("sort=number", [old, new]),
        ("status=ordered", [new]),
        (f"supplier_id={supplier}", [old]),
        ("from=2026-03-03", [new]),
        ("to=2026-03-02", [old]),
        ("from=2026-03-02&to=2026-03-03", [new, old]),
    ):
        assert ids(technician.get(f"/orders?{query}")) == found, query
    refused(technician.get("/orders?from=2026-03-03&to=2026-03-02"), 422, "validation_failed", "to")


def test_technicians_order_no_medication(app, technician, manager):
    drug, gauze = make_item(app, kind="medication"), make_item(app)
    refused(technician.post("/orders", json={"lines": [line(gauze, 1), line(drug, 1)]}), 403, "forbidden")
    both = ordered(manager, line(gauze, 5), line(drug, 5))
    assert ids(technician.get("/orders")) == []
    assert ids(manager.get("/orders")) == [both["id"]]
    refused(technician.get(path(both)), 404, "not_found")
    refused(become(technician, both, "cancelled"), 404, "not_found")
    refused(technician.delete(path(both), headers=version(2)), 404, "not_found")
    refused(receive(technician, both, 1), 404, "not_found")
    refused(technician.post(path(both, "apply")), 404, "not_found")
    own = draw_up(technician, line(gauze, 1))
    refused(technician.patch(path(own), json={"lines": [line(drug, 1)], "version": 1}), 403, "forbidden")


def test_an_admin_orders_medication_and_does_not_receive_it(app, manager):
    admin = signed_in(app, "admin")
    drug, gauze = make_item(app, kind="medication"), make_item(app)
    order = ordered(admin, line(gauze, 5), line(drug, 5))
    refused(receive(admin, order, 5, 5), 403, "forbidden")
    refused(admin.post(path(order, "apply")), 403, "forbidden")
    assert receive(admin, order, 5).status_code == 201
    assert manager.post(path(order, "apply")).json["data"]["status"] == "received"
    for role in ("doctor", "pharmacist", "cashier"):
        refused(signed_in(app, role).get("/orders"), 403, "forbidden")
