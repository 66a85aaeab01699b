"""What was handed out comes back: once, into quarantine unless it never left, and the prescription allows it again."""

import pytest

from tests.factories.people import named, signed_in
from tests.factories.stock import ledger, receive, shelf
from tests.inventory.support import reconciled
from tests.pharmacy.dispensing import code_of, dispensed, dispenses_of, done, fill, ordered, prepare, status_of
from tests.pharmacy.support import assert_register_is_right, make_controlled, make_drug, witnessed


@pytest.fixture
def pharmacist(app):
    """Give a pharmacist."""
    return signed_in(app, "pharmacist")


def reverse(someone, dispense, **body):
    return someone.post(f"/dispenses/{dispense['id']}/reverse", json={"reason": "Wrong patient", **body})


def test_what_left_the_house_goes_into_quarantine(app, clock, pharmacist):
    drug = make_drug(app)
    lot = receive(app, drug.item_id, 50, lot_number="A1")
    prescription = ordered(app, drug)
    dispense = done(fill(pharmacist, prescription))
    back = done(reverse(pharmacist, dispense))
    assert (back["status"], back["never_left_premises"]) == ("reversed", False)
    assert back["reversed"] == {"at": "2026-03-02T08:00:00Z", "by": named(pharmacist), "reason": "Wrong patient"}
    lots = {one["id"]: one for one in pharmacist.get(f"/items/{drug.item_id}/lots").json["data"]}
    assert lots[str(lot)]["on_hand"] == 30
    (quarantined,) = [one for one in lots.values() if one["status"] == "quarantined"]
    assert (quarantined["on_hand"], quarantined["lot_number"]) == (20, "A1")
    assert ledger(app, drug.item_id)[-1]["activity_type"] == "reverse"
    assert (status_of(app, prescription), dispensed(app, prescription)) == ("active", [0])
    assert code_of(reverse(pharmacist, dispense)) == (409, "already_reversed")
    done(fill(pharmacist, prescription))
    assert dispenses_of(app, prescription) == [(1, 20, "reversed"), (1, 20, "filled")]
    assert reconciled(app).differences == []


def test_what_never_left_goes_back_into_its_lots(app, pharmacist):
    drug = make_drug(app, stock=15)
    receive(app, drug.item_id, 15, lot_number="B2")
    before = shelf(app, drug.item_id)
    dispense = done(fill(pharmacist, ordered(app, drug)))
    assert done(reverse(pharmacist, dispense, never_left_premises=True))["never_left_premises"] is True
    assert shelf(app, drug.item_id) == before


def test_the_fill_that_came_back_is_the_one_that_is_due(app, pharmacist):
    prescription = ordered(app, make_drug(app, stock=100), items={"refills_allowed": 1})
    first = done(fill(pharmacist, prescription))
    done(fill(pharmacist, prescription))
    assert status_of(app, prescription) == "filled"
    done(reverse(pharmacist, first))
    assert status_of(app, prescription) == "partially_filled"
    assert done(fill(pharmacist, prescription))["fill_number"] == 1
    assert code_of(fill(pharmacist, prescription)) == (409, "no_refills_remaining")


def test_a_reason_is_needed_and_something_that_was_filled(app, pharmacist):
    prescription = ordered(app, make_drug(app, stock=100))
    ready = done(prepare(pharmacist, prescription))
    refusal = reverse(pharmacist, ready)
    assert (*code_of(refusal), refusal.json["dispense_status"]) == (409, "dispense_not_filled", "prepared")
    done(fill(pharmacist, prescription))
    assert list(reverse(pharmacist, ready, reason=" ").json["errors"]) == ["reason"]
    assert reverse(signed_in(app, "pharmacy_technician"), ready).status_code == 403


def test_what_is_sold_is_refunded_first(app, pharmacist):
    dispense = done(fill(pharmacist, ordered(app, make_drug(app, stock=100))))
    body = {"lines": [{"dispense_id": dispense["id"]}], "payment_method": "cash"}
    sale = pharmacist.post("/transactions", json=body).json["data"]
    refusal = reverse(pharmacist, dispense)
    assert (*code_of(refusal), refusal.json["settled_id"]) == (409, "dispense_sold", sale["id"])
    shown = pharmacist.get(f"/dispenses/{dispense['id']}").json["data"]
    assert shown["settled_by"] == {"type": "sale", "id": sale["id"]}
    refund = {"lines": [{"line_id": sale["lines"][0]["id"], "quantity": 20}], "reason": "Wrong patient"}
    assert pharmacist.post(f"/transactions/{sale['id']}/refund", json=refund).status_code < 300
    done(reverse(pharmacist, dispense))


def test_a_controlled_drug_comes_back_before_a_witness(app, pharmacist):
    drug = make_controlled(app, stock=40)
    dispense = done(fill(pharmacist, ordered(app, drug)))
    assert code_of(reverse(pharmacist, dispense)) == (422, "witness_required")
    assert shelf(app, drug.item_id).on_hand == 20
    other = signed_in(app, "pharmacist")
    done(reverse(pharmacist, dispense, **witnessed(other)))
    assert ledger(app, drug.item_id)[-1]["witness_id"] == other.user.id
    assert_register_is_right(app)
