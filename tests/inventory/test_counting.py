"""What is on the shelf is counted or put right, by whom the kind allows, and never over what moved since."""

from datetime import date

import pytest

from server.modules.inventory import signals
from server.modules.inventory.service.witness import WitnessRequired
from tests.factories.people import PASSWORD, make_user, signed_in
from tests.factories.stock import ledger, make_item, receive, set_lot, shelf
from tests.inventory.http import NOWHERE, path, stock
from tests.inventory.support import reconciled
from tests.patients.support import refused

SOON, LATER, YESTERDAY = date(2026, 4, 1), date(2027, 1, 1), date(2026, 3, 1)


@pytest.fixture
def technician(app, clock):
    """Give a client signed in as a technician."""
    return signed_in(app, "technician")


def test_a_count_says_what_is_there(app, technician):
    item = make_item(app, stock=10)
    answer = stock(technician, item, quantity=8, expected_quantity=10)
    assert answer.status_code == 200, answer.text
    assert (answer.json["data"]["quantity"], answer.json["data"]["version"]) == (8, 1)
    line = ledger(app, item)[-1]
    assert (line["activity_type"], line["quantity_changed_by"], line["reason"]) == ("count", -2, "Yearly count")
    assert line["user_id"] == technician.user.id
    assert line["document_id"] is None
    assert reconciled(app).differences == []


def test_a_count_over_what_moved_since_is_refused_with_what_is_there(app, technician):
    item = make_item(app, stock=10)
    answer = stock(technician, item, quantity=8, expected_quantity=9)
    refused(answer, 409, "stock_moved")
    assert answer.json["quantity"] == 10
    assert shelf(app, item).on_hand == 10


def test_a_count_that_is_right_moves_nothing(app, technician):
    item = make_item(app, stock=10)
    assert stock(technician, item, quantity=10, expected_quantity=10).status_code == 200
    assert len(ledger(app, item)) == 1


def test_one_lot_may_be_counted(app, technician):
    item = make_item(app)
    soon, later = receive(app, item, 5, expires_on=SOON), receive(app, item, 5, expires_on=LATER)
    moved = stock(technician, item, quantity=1, expected_quantity=10, lot_id=str(later))
    refused(moved, 409, "stock_moved")
    assert moved.json["quantity"] == 5
    assert stock(technician, item, quantity=1, expected_quantity=5, lot_id=str(later)).status_code == 200
    assert shelf(app, item).lots == {soon: 5, later: 1}
    for other in (NOWHERE, receive(app, make_item(app), 1)):
        refused(stock(technician, item, adjustment=1, lot_id=str(other)), 422, "validation_failed", "lot_id")


def test_a_shortage_is_taken_from_what_expires_first_whatever_its_state(app, technician):
    item = make_item(app)
    expired, soon = receive(app, item, 2, expires_on=YESTERDAY), receive(app, item, 5, expires_on=SOON)
    held = receive(app, item, 5, expires_on=LATER)
    set_lot(app, held, status="on_hold")
    assert stock(technician, item, adjustment=-9).json["data"]["quantity"] == 3
    assert shelf(app, item).lots == {expired: 0, soon: 0, held: 3}
    assert {line["activity_type"] for line in ledger(app, item)[3:]} == {"adjust"}


def test_a_surplus_goes_to_the_usable_lot_that_came_last(app, technician, clock):
    item = make_item(app)
    older = receive(app, item, 5, expires_on=LATER)
    clock.shift(60)
    newer = receive(app, item, 5, expires_on=SOON)
    clock.shift(60)
    blocked = receive(app, item, 5)
    set_lot(app, blocked, status="quarantined")
    assert stock(technician, item, adjustment=3).status_code == 200
    assert shelf(app, item).lots == {older: 5, newer: 8, blocked: 5}


def test_a_surplus_without_a_usable_lot_makes_one(app, technician):
    item = make_item(app, unit_cost=250)
    assert stock(technician, item, quantity=4, expected_quantity=0).json["data"]["available"] == 4
    (lot,) = technician.get(path(item, "lots")).json["data"]
    assert (lot["lot_number"], lot["expires_on"], lot["unit_cost"], lot["on_hand"]) == (None, None, "2.50", 4)


def test_what_is_reserved_is_not_put_away(app, technician):
    item = make_item(app)
    set_lot(app, receive(app, item, 5), reserved=3)
    answer = stock(technician, item, quantity=1, expected_quantity=5)
    refused(answer, 409, "insufficient_stock")
    assert (answer.json["available"], answer.json["requested"]) == (2, 4)
    refused(stock(technician, item, adjustment=-6), 409, "insufficient_stock")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "quantity"),
        ({"quantity": 5}, "expected_quantity"),
        ({"quantity": 5, "expected_quantity": 5, "adjustment": 1}, "quantity"),
        ({"adjustment": 1, "expected_quantity": 5}, "expected_quantity"),
        ({"adjustment": 0}, "adjustment"),
        ({"adjustment": 2**31 - 1}, "adjustment"),
        ({"adjustment": 2**31}, "adjustment"),
        ({"adjustment": "1"}, "adjustment"),
        ({"adjustment": True}, "adjustment"),
        ({"quantity": -1, "expected_quantity": 5}, "quantity"),
        ({"adjustment": 1, "reason": None}, "reason"),
        ({"adjustment": 1, "reason": " "}, "reason"),
    ],
)
def test_what_is_no_count(app, technician, body, field):
    item = make_item(app, stock=5)
    refused(stock(technician, item, **body), 422, "validation_failed", field)
    assert shelf(app, item).on_hand == 5


def test_a_reason_is_needed(app, technician):
    item = make_item(app, stock=5)
    refused(technician.patch(path(item, "stock"), json={"adjustment": 1}), 422, "validation_failed", "reason")


@pytest.mark.parametrize(
    ("role", "kind", "count", "adjust"),
    [
        ("technician", "supply", 200, 200),
        ("technician", "equipment", 200, 200),
        ("technician", "medication", 404, 404),
        ("admin", "supply", 200, 200),
        ("admin", "medication", 404, 404),
        ("pharmacist", "medication", 200, 403),
        ("pharmacist", "supply", 404, 403),
        ("pharmacy_technician", "medication", 200, 403),
        ("pharmacy_technician", "supply", 404, 403),
        ("pharmacy_manager", "medication", 200, 200),
        ("pharmacy_manager", "supply", 200, 200),
        ("nurse", "supply", 403, 403),
    ],
)
def test_who_counts_and_who_adjusts(app, role, kind, count, adjust):
    item, someone = make_item(app, kind=kind, stock=5), signed_in(app, role)
    assert stock(someone, item, quantity=4, expected_quantity=5).status_code == count
    assert stock(someone, item, adjustment=1).status_code == adjust


def test_an_item_that_is_not_there(technician):
    refused(stock(technician, NOWHERE, adjustment=1), 404, "not_found")


# The witness


@pytest.fixture
def controlled(app):
    """Give a controlled drug, five units of it, that the counter room lets nobody move alone."""
    item = make_item(app, kind="medication", stock=5)

    def veto(_sender, *, steps, cause):
        if cause.witness_id is None and any(step.shelf.item_id == item for step in steps):
            raise WitnessRequired({"witness": ["Needed for controlled stock."]})

    with signals.stock_moving.connected_to(veto):
        yield item


def witnessed(user, password=PASSWORD):
    return {"witness": {"identifier": user.email, "password": password}}


def test_controlled_stock_is_counted_and_received_before_a_witness(app, controlled):
    manager, colleague = signed_in(app, "pharmacy_manager"), make_user(app, "pharmacist")
    for body in ({"quantity": 4, "expected_quantity": 5}, {"adjustment": -1}, {"adjustment": 1}):
        refused(stock(manager, controlled, **body), 422, "witness_required", "witness")
    refused(manager.post(path(controlled, "lots"), json={"quantity": 1}), 422, "witness_required")
    assert shelf(app, controlled).on_hand == 5
    assert stock(manager, controlled, adjustment=-1, **witnessed(colleague)).status_code == 200
    answer = manager.post(path(controlled, "lots"), json={"quantity": 9, **witnessed(colleague)})
    assert answer.status_code == 201, answer.text
    assert [line["witness_id"] for line in ledger(app, controlled)] == [None, colleague.id, colleague.id]


def test_who_is_no_witness(app, controlled):
    manager = signed_in(app, "pharmacy_manager")
    oneself = stock(manager, controlled, adjustment=-1, **witnessed(manager.user))
    refused(oneself, 422, "witness_same_person", "witness.identifier")
    others = (witnessed(make_user(app, "pharmacist"), "wrong"), witnessed(make_user(app, "nurse")))
    for other in others:
        refused(stock(manager, controlled, adjustment=-1, **other), 403, "witness_refused")
    assert shelf(app, controlled).on_hand == 5


def test_nobody_tries_passwords_through_what_they_may_not_do(app, controlled):
    colleague = make_user(app, "pharmacist")
    pharmacist = signed_in(app, "pharmacist")
    answer = stock(pharmacist, controlled, adjustment=-1, **witnessed(colleague, "wrong"))
    refused(answer, 403, "forbidden")
