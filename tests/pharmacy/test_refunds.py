"""Money back for lines of a sale, to the cent; whether the goods come back into stock is another question."""

from datetime import date

import pytest

from tests.factories.people import signed_in
from tests.factories.stock import ledger, receive, set_lot, shelf
from tests.inventory.support import reconciled
from tests.patients.support import refused
from tests.pharmacy.support import make_drug, sold
from tests.pharmacy.test_selling import NOWHERE, card, cash, of


@pytest.fixture
def cashier(app):
    """Give a cashier."""
    return signed_in(app, "cashier")


def refund(someone, sale, *lines, **body):
    """Refund lines of a sale: pairs of which one and how many."""
    wanted = [{"line_id": sale["lines"][position]["id"], "quantity": quantity} for position, quantity in lines]
    facts = {"lines": wanted, "reason": "Torn", **body}
    return someone.post(f"/transactions/{sale['id']}/refund", json=facts)


def refunded(someone, sale, *lines, **body):
    answer = refund(someone, sale, *lines, **body)
    assert answer.status_code == 200, answer.text
    return answer.json["data"]


def test_a_refund_by_line(app, clock, cashier):
    one, other = make_drug(app, stock=9, price="2.00", tax_rate="10"), make_drug(app, stock=9, price="5.00")
    sale = sold(cashier, [of(one, 3), of(other, 1)], payments=[card("10.00"), cash("5.00")])
    clock.shift(60)
    shown = refunded(cashier, sale, (0, 2), reason="Wrong size")
    (made,) = shown["refunds"]
    assert {name: made[name] for name in made if name != "id"} == {
        "at": "2026-03-02T08:01:00Z",
        "lines": [{"line_id": sale["lines"][0]["id"], "quantity": 2, "amount": "4.40"}],
        "amount": "4.40",
        "method": "credit_card",
        "reason": "Wrong size",
        "restock": False,
        "user_id": str(cashier.user.id),
    }
    assert (shown["refunded"], shown["total"], shown["version"]) == ("4.40", "11.60", 2)
    assert [(line["refunded_quantity"], line["refunded_amount"]) for line in shown["lines"]] == [
        (2, "4.40"),
        (0, "0.00"),
    ]
    assert shelf(app, one.item_id).on_hand == 6
    both = refunded(cashier, sale, (0, 1), (1, 1), method="cash")
    assert (both["refunded"], both["refunds"][1]["amount"], both["refunds"][1]["method"]) == ("11.60", "7.20", "cash")
    assert cashier.get(f"/transactions/{sale['id']}").json["data"] == both


def test_parts_add_up_to_the_cent(app, cashier):
    drug = make_drug(app, stock=9, price="0.33", tax_rate="8.25")
    sale = sold(cashier, [of(drug, 7)], payment_method="cash")
    assert sale["total"] == "2.50"
    for quantity in (1, 2, 1, 3):
        shown = refunded(cashier, sale, (0, quantity))
    assert [one["amount"] for one in shown["refunds"]] == ["0.36", "0.71", "0.36", "1.07"]
    assert shown["refunded"] == "2.50"


def test_never_more_than_was_sold(app, cashier):
    drug = make_drug(app, stock=9)
    sale = sold(cashier, [of(drug, 3)], payment_method="cash")
    answer = refund(cashier, sale, (0, 4))
    refused(answer, 409, "refund_exceeds_sale", "lines.0.quantity")
    assert (answer.json["refundable"], answer.json["line_id"]) == (3, sale["lines"][0]["id"])
    refunded(cashier, sale, (0, 2))
    refused(refund(cashier, sale, (0, 2)), 409, "refund_exceeds_sale")
    refunded(cashier, sale, (0, 1))
    refused(refund(cashier, sale, (0, 1)), 409, "refund_exceeds_sale")


def test_what_a_refund_refuses(app, cashier):
    drug = make_drug(app, stock=9)
    sale, other = (sold(cashier, [of(drug, 3)], payment_method="cash") for _ in range(2))
    foreign = [{"line_id": other["lines"][0]["id"], "quantity": 1}]
    refused(refund(cashier, sale, lines=foreign), 422, "validation_failed", "lines.0.line_id")
    refused(refund(cashier, sale, (0, 1), (0, 1)), 422, "validation_failed", "lines.1.line_id")
    refused(refund(cashier, sale, (0, 0)), 422, "validation_failed", "lines.0.quantity")
    refused(refund(cashier, sale, (0, -1)), 422, "validation_failed", "lines.0.quantity")
    refused(refund(cashier, sale), 422, "validation_failed", "lines")
    refused(refund(cashier, sale, (0, 1), reason=None), 422, "validation_failed", "reason")
    refused(refund(cashier, sale, (0, 1), method="gold"), 422, "validation_failed", "method")
    refused(refund(cashier, sale, (0, 1), amount="9.00"), 422, "validation_failed", "amount")
    nobody = cashier.post(f"{NOWHERE}/refund", json={"lines": foreign, "reason": "Torn"})
    refused(nobody, 404, "not_found")
    assert cashier.get(f"/transactions/{sale['id']}").json["data"] == sale


def test_restocked_units_go_back_into_their_lots_the_last_taken_first(app, clock, cashier):
    drug = make_drug(app, name="Plaster")
    soon, late, never = (
        receive(app, drug.item_id, 2, expires_on=day) for day in (date(2026, 3, 9), date(2026, 4, 1), None)
    )
    sale = sold(cashier, [of(drug, 3), of(drug, 2)], payment_method="cash")
    assert shelf(app, drug.item_id).lots == {soon: 0, late: 0, never: 1}
    shown = refunded(cashier, sale, (0, 2), restock=True)
    assert shown["refunds"][0]["restock"] is True
    assert shelf(app, drug.item_id).lots == {soon: 0, late: 1, never: 2}
    refunded(cashier, sale, (1, 2))
    assert shelf(app, drug.item_id).on_hand == 3
    set_lot(app, late, status="recalled")
    refunded(cashier, sale, (0, 1), restock=True)
    assert shelf(app, drug.item_id).lots == {soon: 0, late: 2, never: 2}
    lines = ledger(app, drug.item_id)
    assert [line["quantity_changed_by"] for line in lines] == [2, 2, 2, -2, -1, -1, -1, 1, 1, 1]
    assert (lines[-1]["activity_type"], lines[-1]["document_type"], str(lines[-1]["document_id"])) == (
        "return",
        "sale",
        sale["id"],
    )
    assert reconciled(app).differences == []


def test_a_repeated_refund_is_the_first_one(app, cashier):
    drug = make_drug(app, stock=9)
    sale = sold(cashier, [of(drug, 3)], payment_method="cash")
    line = {"lines": [{"line_id": sale["lines"][0]["id"], "quantity": 1}], "reason": "Torn"}
    key = {"Idempotency-Key": "back-1"}
    first, again = (cashier.post(f"/transactions/{sale['id']}/refund", json=line, headers=key) for _ in range(2))
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json == first.json
    assert cashier.get(f"/transactions/{sale['id']}").json["data"]["refunded"] == "1.00"


def test_what_was_free_is_given_back_as_nothing(app, cashier):
    drug = make_drug(app, stock=9, price="0.00")
    shown = refunded(cashier, sold(cashier, [of(drug, 3)]), (0, 3), restock=True)
    assert (shown["refunded"], shown["refunds"][0]["amount"], shown["refunds"][0]["method"]) == ("0.00", "0.00", "cash")
    assert shelf(app, drug.item_id).on_hand == 9
