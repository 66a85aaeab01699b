"""Selling over the counter: the prices of the house, stock, payment and receipt in one step or not at all."""

import uuid
from datetime import date

import pytest

from tests.factories.database import audit_rows, query
from tests.factories.people import make_patient, signed_in
from tests.factories.stock import ledger, receive, set_lot, shelf
from tests.inventory.support import reconciled
from tests.patients.support import ids, refused
from tests.pharmacy.support import make_drug, sell, sold

NOWHERE = "/transactions/0190c6c1-0000-7000-8000-000000000000"


@pytest.fixture
def cashier(app):
    """Give a cashier."""
    return signed_in(app, "cashier")


def of(drug, quantity=1, **fields):
    return {"medication_id": drug.id, "quantity": quantity, **fields}


def cash(amount):
    return {"method": "cash", "amount": amount}


def card(amount, **fields):
    return {"method": "credit_card", "amount": amount, **fields}


def test_a_sale_from_the_shelf(app, clock, cashier):
    aspirin = make_drug(app, stock=20, price="1.25", tax_rate="7.5", name="Aspirin 325 MG Oral Tablet")
    plaster = make_drug(app, stock=5, price="3.10", name="Plaster")
    patient = make_patient(app, first_name="Ida", last_name="Quist")
    body = {"patient_id": str(patient.id), "lines": [of(aspirin, 3), of(plaster, 2)], "payments": [cash("20.00")]}
    answer = cashier.post("/transactions", json=body)
    assert answer.status_code == 201, answer.text
    made = answer.json["data"]
    assert answer.headers["Location"].endswith(f"/transactions/{made['id']}")
    assert (made["receipt_number"], made["timestamp"]) == ("R-000001", "2026-03-02T08:00:00Z")
    assert made["patient"] == {"id": str(patient.id), "name": "Ida Quist", "mrn": patient.mrn}
    assert (made["subtotal"], made["tax"], made["total"], made["change"]) == ("9.95", "0.28", "10.23", "9.77")
    assert (made["currency"], made["user_id"], made["version"]) == ("USD", str(cashier.user.id), 1)
    first, second = made["lines"]
    assert {name: first[name] for name in first if name != "id"} == {
        "medication_id": aspirin.id,
        "dispense_id": None,
        "description": "Aspirin 325 MG Oral Tablet",
        "quantity": 3,
        "unit_price": "1.25",
        "tax_rate": "7.5",
        "subtotal": "3.75",
        "tax": "0.28",
        "total": "4.03",
        "refunded_quantity": 0,
        "refunded_amount": "0.00",
    }
    assert (second["subtotal"], second["tax"], second["total"]) == ("6.20", "0.00", "6.20")
    (payment,) = made["payments"]
    assert (payment["method"], payment["amount"], payment["reference"]) == ("cash", "20.00", None)
    assert (made["refunds"], made["refunded"]) == ([], "0.00")
    assert cashier.get(f"/transactions/{made['id']}").json["data"] == made
    assert [shelf(app, one.item_id).on_hand for one in (aspirin, plaster)] == [17, 3]
    line = ledger(app, aspirin.item_id)[-1]
    assert (line["activity_type"], line["document_type"], str(line["document_id"])) == (
        "sellnonpresc",
        "sale",
        made["id"],
    )
    assert line["user_id"] == cashier.user.id
    assert reconciled(app).differences == []


def test_the_audit_row_has_the_amounts_and_whose_it_is(app, cashier):
    drug, patient = make_drug(app, stock=5, price="2.00"), make_patient(app)
    made = sold(cashier, [of(drug, 2)], payment_method="cash", patient_id=str(patient.id))
    row = audit_rows(app)[-1]
    assert (row["action"], str(row["object_id"]), row["patient_id"]) == ("transactions.sell", made["id"], patient.id)
    assert row["values_after"]["total"] == 400
    line = {"line_id": made["lines"][0]["id"], "quantity": 1}
    cashier.post(f"/transactions/{made['id']}/refund", json={"lines": [line], "reason": "Torn"})
    row = audit_rows(app)[-1]
    assert (row["action"], row["values_before"], row["values_after"]) == (
        "transactions.refund",
        {"refunded": 0},
        {"refunded": 200},
    )


def test_one_method_alone_pays_all(app, cashier):
    drug = make_drug(app, stock=5, price="1.99")
    made = sold(cashier, [of(drug, 3)], payment_method="debit_card")
    assert [(one["method"], one["amount"]) for one in made["payments"]] == [("debit_card", "5.97")]
    assert made["change"] == "0.00"


def test_what_is_free_needs_no_payment(app, cashier):
    drug = make_drug(app, stock=5, price="0.00")
    assert sold(cashier, [of(drug)])["payments"] == []
    assert sold(cashier, [of(drug)], payment_method="voucher")["payments"] == []


def test_change_comes_of_cash_alone(app, cashier):
    drug = make_drug(app, stock=50, price="10.00")
    mixed = sold(cashier, [of(drug)], payments=[card("6.00", reference="Slip 7"), cash("5.00")])
    assert (mixed["change"], mixed["payments"][0]["reference"]) == ("1.00", "Slip 7")
    refused(sell(cashier, [of(drug)], payments=[card("10.01")]), 422, "validation_failed", "payments")
    refused(sell(cashier, [of(drug)], payments=[card("12.00"), cash("1.00")]), 422, "validation_failed", "payments")


@pytest.mark.parametrize("payments", [[], [cash("9.99")], [card("5.00"), cash("4.99")]])
def test_payments_cover_the_total(app, cashier, payments):
    drug = make_drug(app, stock=5, price="10.00")
    refused(sell(cashier, [of(drug)], payments=payments), 422, "payment_short", "payments")
    refused(sell(cashier, [of(drug)]), 422, "payment_short", "payments")
    assert shelf(app, drug.item_id).on_hand == 5
    assert query(app, "SELECT count(*) AS n FROM sales") == [{"n": 0}]


def test_the_customers_price_never_counts(app, cashier):
    cheap, dear = make_drug(app, stock=5, price="1.00"), make_drug(app, stock=5, price="99.00")
    lines = [of(cheap, unit_price="1.00"), of(dear, unit_price="0.01")]
    answer = sell(cashier, lines, payment_method="cash")
    refused(answer, 409, "price_changed", "lines.1.unit_price")
    assert answer.json["unit_price"] == "99.00"
    assert answer.json["prices"] == [{"line": 1, "medication_id": dear.id, "unit_price": "99.00"}]
    lines[1]["unit_price"] = answer.json["unit_price"]
    assert sold(cashier, lines, payment_method="cash")["total"] == "100.00"


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ({"quantity": 0}, "lines.0.quantity"),
        ({"quantity": -1}, "lines.0.quantity"),
        ({"quantity": 1.5}, "lines.0.quantity"),
        ({"quantity": None}, "lines.0.quantity"),
        ({"medication_id": None}, "lines.0.medication_id"),
        ({"dispense_id": "0190c6c1-0000-7000-8000-000000000000"}, "lines.0.medication_id"),
        ({"medication_id": "0190c6c1-0000-7000-8000-000000000000"}, "lines.0.medication_id"),
        ({"unit_price": "-1.00"}, "lines.0.unit_price"),
        ({"subtotal": "1.00"}, "lines.0.subtotal"),
    ],
)
def test_lines_that_are_none(app, cashier, line, field):
    drug = make_drug(app, stock=5)
    refused(sell(cashier, [{**of(drug), **line}], payment_method="cash"), 422, "validation_failed", field)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"lines": []}, "lines"),
        ({"payments": [{"method": "cash", "amount": "0.00"}]}, "payments.0.amount"),
        ({"payments": [{"method": "cash", "amount": 5}]}, "payments.0.amount"),
        ({"payments": [{"method": "gold", "amount": "5.00"}]}, "payments.0.method"),
        ({"payments": [{"method": "cash", "amount": "5.001"}]}, "payments.0.amount"),
        ({"payments": [{"method": "cash", "amount": "5.00"}], "payment_method": "cash"}, "payment_method"),
        ({"payment_method": "cash", "discount": "1.00"}, "discount"),
        ({"payment_method": "cash", "patient_id": "0190c6c1-0000-7000-8000-000000000000"}, "patient_id"),
    ],
)
def test_sales_that_are_none(app, cashier, body, field):
    drug = make_drug(app, stock=5)
    answer = cashier.post("/transactions", json={"lines": [of(drug)], **body})
    refused(answer, 422, "validation_failed", field)


def test_totals_are_the_servers(app, cashier):
    drug = make_drug(app, stock=5)
    refused(sell(cashier, [of(drug)], payment_method="cash", total="0.01"), 422, "read_only", "total")


def test_more_than_money_can_count_is_refused(app, cashier):
    drug = make_drug(app, stock=2_000_000_000, price="9999999999.00")
    answer = sell(cashier, [of(drug, 2_000_000_000)], payment_method="cash")
    refused(answer, 422, "validation_failed", "lines")


def test_prescription_medication_never_leaves_so(app, cashier):
    free, bound = make_drug(app, stock=5), make_drug(app, stock=5, prescription_required=True)
    answer = sell(cashier, [of(free), of(bound)], payment_method="cash")
    refused(answer, 422, "prescription_required", "lines.1.medication_id")
    assert [shelf(app, one.item_id).on_hand for one in (free, bound)] == [5, 5]


def test_what_left_the_catalogue_is_not_sold(app, cashier):
    drug = make_drug(app)
    path = f"/medications/{drug.id}"
    keeper = signed_in(app, "pharmacist")
    assert keeper.delete(path, headers={"If-Match": keeper.get(path).headers["ETag"]}).status_code == 204
    refused(sell(cashier, [of(drug)], payment_method="cash"), 422, "validation_failed", "lines.0.medication_id")


def test_what_is_short_leaves_nothing(app, cashier):
    plenty, short = make_drug(app, stock=10), make_drug(app, stock=1)
    answer = sell(cashier, [of(plenty, 3), of(short, 2)], payment_method="cash")
    refused(answer, 409, "insufficient_stock")
    told = answer.json
    assert (told["item_id"], told["available"], told["requested"]) == (str(short.item_id), 1, 2)
    assert [shelf(app, one.item_id).on_hand for one in (plenty, short)] == [10, 1]
    assert query(app, "SELECT count(*) AS n FROM sales") == [{"n": 0}]
    assert sold(cashier, [of(plenty)], payment_method="cash")["receipt_number"] == "R-000001"


def test_expired_and_blocked_units_are_never_sold(app, clock, cashier):
    drug = make_drug(app)
    lots = {
        name: receive(app, drug.item_id, 4, lot_number=name, expires_on=date(2026, 3, day))
        for name, day in (("today", 2), ("recalled", 5), ("later", 9))
    }
    expired = receive(app, drug.item_id, 4, lot_number="expired", expires_on=date(2026, 3, 1))
    set_lot(app, lots["recalled"], status="recalled")
    refused(sell(cashier, [of(drug, 9)], payment_method="cash"), 409, "insufficient_stock")
    sold(cashier, [of(drug, 6)], payment_method="cash")
    assert shelf(app, drug.item_id).lots == {lots["today"]: 0, lots["recalled"]: 4, lots["later"]: 2, expired: 4}


def test_a_repeated_sale_is_the_first_one(app, cashier):
    drug = make_drug(app, stock=5)
    body, key = {"lines": [of(drug)], "payment_method": "cash"}, {"Idempotency-Key": "till-1"}
    first = cashier.post("/transactions", json=body, headers=key)
    again = cashier.post("/transactions", json=body, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.data == first.data
    assert shelf(app, drug.item_id).on_hand == 4


def test_an_id_of_the_clients_own(app, cashier):
    drug, own = make_drug(app, stock=5), str(uuid.uuid4())
    assert sold(cashier, [of(drug)], payment_method="cash", id=own)["id"] == own
    refused(sell(cashier, [of(drug)], payment_method="cash", id=own), 409, "id_taken", "id")
    assert shelf(app, drug.item_id).on_hand == 4


def test_sales_are_found(app, clock):
    drug, patient = make_drug(app, stock=20), make_patient(app)
    early = signed_in(app, "cashier")
    first = sold(early, [of(drug)], payment_method="cash", patient_id=str(patient.id))
    clock.shift(86_400)
    cashier = signed_in(app, "pharmacist")
    second = sold(cashier, [of(drug)], payments=[cash("0.40"), card("0.60")])
    for query_string, found in (
        ({}, [second, first]),
        ({"sort": "timestamp"}, [first, second]),
        ({"from": "2026-03-03"}, [second]),
        ({"to": "2026-03-02"}, [first]),
        ({"patient_id": str(patient.id)}, [first]),
        ({"receipt_number": second["receipt_number"]}, [second]),
        ({"method": "cash"}, [second, first]),
        ({"method": "credit_card"}, [second]),
        ({"method": "voucher"}, []),
        ({"user_id": str(early.user.id)}, [first]),
    ):
        answer = cashier.get("/transactions", query_string=query_string)
        assert ids(answer) == [one["id"] for one in found], query_string
        assert answer.json["data"] == found
    days = {"from": "2026-03-03", "to": "2026-03-02"}
    refused(cashier.get("/transactions", query_string=days), 422, "validation_failed", "to")
    refused(cashier.get(NOWHERE), 404, "not_found")


def test_a_recall_lists_who_bought_of_the_lot(app, cashier):
    drug, patient = make_drug(app), make_patient(app, first_name="Ida", last_name="Quist")
    lot = receive(app, drug.item_id, 20, lot_number="A")
    named = sold(cashier, [of(drug, 3)], payment_method="cash", patient_id=str(patient.id))
    unnamed = sold(cashier, [of(drug, 2)], payment_method="cash")
    back = sold(cashier, [of(drug, 1)], payment_method="cash")
    line = {"line_id": back["lines"][0]["id"], "quantity": 1}
    body = {"lines": [line], "reason": "Torn", "restock": True}
    assert cashier.post(f"/transactions/{back['id']}/refund", json=body).status_code == 200
    told = signed_in(app, "pharmacist").post(f"/lots/{lot}/recall", json={"reason": "Glass in it"})
    assert told.status_code == 200, told.text
    data = told.json["data"]
    assert [(one["document_type"], one["document_id"], one["quantity"]) for one in data["dispenses"]] == [
        ("sale", named["id"], 3),
        ("sale", unnamed["id"], 2),
    ]
    ref = {"id": str(patient.id), "name": "Ida Quist", "mrn": patient.mrn}
    assert ([one["patient"] for one in data["dispenses"]], data["patients"]) == ([ref, None], [ref])


def test_patients_read_who_sold_to_them(app, cashier):
    somebody = signed_in(app, "patient")
    patient = make_patient(app, user_id=somebody.user.id)
    drug = make_drug(app, stock=5)
    made = sold(cashier, [of(drug)], payment_method="cash", patient_id=str(patient.id))
    assert cashier.get(f"/transactions/{made['id']}/receipt").status_code == 200
    log = somebody.get(f"/patients/{patient.id}/access-log").json["data"]
    assert [row["what"] for row in log][:2] == [
        "Purchases at the counter: receipt read",
        "Purchases at the counter: sold",
    ]
