"""Many tills at once, against the real server: once is once, stock is never negative, and nothing fails by accident."""

import uuid
from collections import Counter
from decimal import Decimal

from tests.factories.database import query
from tests.factories.people import signed_in
from tests.factories.stock import receive, shelf
from tests.inventory.support import reconciled
from tests.patients.test_races import at_once, send
from tests.pharmacy.dispensing import done, fill, ordered
from tests.pharmacy.support import assert_register_is_right, make_controlled, make_drug, register, sold, witnessed


def statuses(answers):
    return Counter((status, body.get("code")) for status, (body, _) in answers)


def test_a_dispense_is_sold_by_one_of_ten(app, live_server):
    pharmacist = signed_in(app, "pharmacist")
    dispense = done(fill(pharmacist, ordered(app, make_drug(app, stock=20))))
    body = {"lines": [{"dispense_id": dispense["id"]}], "payment_method": "cash"}
    answers = at_once(10, lambda _number: send(live_server, pharmacist, "POST", "/transactions", body))
    assert statuses(answers) == {(201, None): 1, (409, "dispense_sold"): 9}
    assert query(app, "SELECT count(*) AS n FROM sale_lines") == [{"n": 1}]


def test_the_last_units_are_sold_once(app, live_server):
    cashier, one, other = signed_in(app, "cashier"), make_drug(app, stock=7), make_drug(app, stock=7)
    pairs = [{"medication_id": one.id, "quantity": 2}, {"medication_id": other.id, "quantity": 1}]

    def act(number):
        lines = pairs if number % 2 else pairs[::-1]
        return send(live_server, cashier, "POST", "/transactions", {"lines": lines, "payment_method": "cash"})

    answers = at_once(10, act)
    assert statuses(answers) == {(201, None): 3, (409, "insufficient_stock"): 7}
    assert (shelf(app, one.item_id).on_hand, shelf(app, other.item_id).on_hand) == (1, 4)
    numbers = {body["data"]["receipt_number"] for status, (body, _) in answers if status == 201}
    assert numbers == {"R-000001", "R-000002", "R-000003"}
    assert reconciled(app).differences == []


def test_refunds_at_once_never_give_back_more_than_was_paid(app, live_server):
    cashier, drug = signed_in(app, "cashier"), make_drug(app, stock=9, price="0.33", tax_rate="8.25")
    sale = sold(cashier, [{"medication_id": drug.id, "quantity": 7}], payment_method="cash")
    line = {"line_id": sale["lines"][0]["id"], "quantity": 2}
    body = {"lines": [line], "reason": "Torn", "restock": True}
    path = f"/transactions/{sale['id']}/refund"
    answers = at_once(8, lambda _number: send(live_server, cashier, "POST", path, body))
    assert statuses(answers) == {(200, None): 3, (409, "refund_exceeds_sale"): 5}
    shown = cashier.get(f"/transactions/{sale['id']}").json["data"]
    assert shown["refunded"] == str(sum(Decimal(one["amount"]) for one in shown["refunds"])) == "2.14"
    assert (shown["lines"][0]["refunded_quantity"], shelf(app, drug.item_id).on_hand) == (6, 8)
    assert reconciled(app).differences == []


def test_one_key_is_one_sale(app, live_server):
    cashier, drug = signed_in(app, "cashier"), make_drug(app, stock=50)
    body = {"lines": [{"medication_id": drug.id, "quantity": 1}], "payment_method": "cash"}
    key = {"Idempotency-Key": str(uuid.uuid4())}
    answers = at_once(8, lambda _number: send(live_server, cashier, "POST", "/transactions", body, **key))
    assert set(statuses(answers)) <= {(201, None), (409, "idempotency_in_progress")}
    assert len({body["data"]["id"] for status, (body, _) in answers if status == 201}) == 1
    assert shelf(app, drug.item_id).on_hand == 49


def test_a_sale_and_a_reversal_of_one_dispense_exclude_each_other(app, live_server):
    pharmacist, drug = signed_in(app, "pharmacist"), make_drug(app, stock=200)
    for _ in range(4):
        dispense = done(fill(pharmacist, ordered(app, drug)))
        sale = {"lines": [{"dispense_id": dispense["id"]}], "payment_method": "cash"}
        ways = [("/transactions", sale), (f"/dispenses/{dispense['id']}/reverse", {"reason": "Wrong"})]
        answers = at_once(4, lambda number, ways=ways: send(live_server, pharmacist, "POST", *ways[number % 2]))
        assert sum(status < 300 for status, _ in answers) == 1, answers
        assert {status for status, _ in answers} <= {200, 201, 409}


def test_the_register_has_no_gap_and_no_line_twice(app, live_server):
    manager, pharmacist = signed_in(app, "pharmacy_manager"), signed_in(app, "pharmacist")
    drugs = [make_controlled(app, manufacturer=maker) for maker in ("Alpha", "Beta")]
    drugs.append(make_controlled(app, name="Morphine sulfate 30 MG Oral Tablet", strength="30 MG"))
    for drug in drugs:
        receive(app, drug.item_id, 40)

    def act(number):
        drug = drugs[number % 3]
        if number % 2:
            body = {"activity_type": "add", "medication_id": drug.id, "quantity": 5}
        else:
            body = {"activity_type": "discard", "medication_id": drug.id, "quantity": 3, **witnessed(pharmacist)}
        return send(live_server, manager, "POST", "/inventory-updates", body)

    answers = at_once(12, act)
    assert {status for status, _ in answers} == {201}, answers
    lines = register(pharmacist)
    assert len(lines) == 15
    assert_register_is_right(app)
    assert reconciled(app).differences == []
