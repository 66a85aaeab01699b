"""A filled dispense is sold once, whole, to whom it was dispensed, at the price at which it was filled."""

import pytest

from tests.factories.database import query
from tests.factories.people import make_patient, signed_in
from tests.factories.stock import ledger, shelf
from tests.patients.support import refused
from tests.pharmacy.dispensing import done, fill, ordered, prepare, without_allergies
from tests.pharmacy.support import make_drug, sell, sold
from tests.pharmacy.test_refunds import refund, refunded

NOWHERE = "0190c6c1-0000-7000-8000-000000000000"


@pytest.fixture
def cashier(app):
    """Give a cashier."""
    return signed_in(app, "cashier")


@pytest.fixture
def pharmacist(app):
    """Give a pharmacist."""
    return signed_in(app, "pharmacist")


def filled(app, pharmacist, drug, **fields):
    return done(fill(pharmacist, ordered(app, drug, **fields)))


def of(dispense, **fields):
    return {"dispense_id": dispense["id"], **fields}


def test_a_dispense_is_sold(app, cashier, pharmacist):
    drug = make_drug(app, stock=50, price="0.50", tax_rate="10", prescription_required=True)
    dispense = filled(app, pharmacist, drug)
    path = f"/medications/{drug.id}"
    version = {"If-Match": pharmacist.get(path).headers["ETag"]}
    dearer = {"price_per_unit": "9.00", "tax_rate": "20"}
    assert pharmacist.patch(path, json=dearer, headers=version).status_code == 200
    lines = len(ledger(app, drug.item_id))
    sale = sold(cashier, [of(dispense)], payment_method="cash")
    (line,) = sale["lines"]
    assert (line["dispense_id"], line["medication_id"], line["quantity"]) == (dispense["id"], drug.id, 20)
    assert (line["unit_price"], line["tax_rate"], line["total"], line["description"]) == (
        "0.50",
        "10",
        "11.00",
        drug.name,
    )
    assert sale["patient_id"] == dispense["patient_id"]
    assert (shelf(app, drug.item_id).on_hand, len(ledger(app, drug.item_id))) == (30, lines)
    shown = pharmacist.get(f"/dispenses/{dispense['id']}").json["data"]
    assert shown["settled_by"] == {"type": "sale", "id": sale["id"]}
    assert shown["version"] == dispense["version"] + 1
    refused(sell(cashier, [of(dispense)], payment_method="cash"), 409, "dispense_sold", "lines.0.dispense_id")


def test_the_patient_may_be_said_and_has_to_be_theirs(app, cashier, pharmacist):
    drug, plaster = (make_drug(app, stock=90) for _ in range(2))
    patient = without_allergies(app)
    first, second = (filled(app, pharmacist, drug, patient=patient) for _ in range(2))
    other = filled(app, pharmacist, drug)
    mixed = sell(cashier, [of(first), of(other)], payment_method="cash")
    refused(mixed, 422, "validation_failed", "lines.1.dispense_id")
    stranger = str(make_patient(app).id)
    foreign = sell(cashier, [of(first)], payment_method="cash", patient_id=stranger)
    refused(foreign, 422, "validation_failed", "lines.0.dispense_id")
    twice = sell(cashier, [of(first), of(first)], payment_method="cash")
    refused(twice, 422, "validation_failed", "lines.0.dispense_id")
    goods = [of(first), {"medication_id": plaster.id, "quantity": 3}, of(second)]
    sale = sold(cashier, goods, payment_method="cash", patient_id=str(patient.id))
    assert (sale["total"], sale["patient_id"]) == ("43.00", str(patient.id))
    assert shelf(app, plaster.item_id).on_hand == 87


def test_only_what_is_filled(app, cashier, pharmacist):
    drug = make_drug(app, stock=90)
    ready = done(prepare(pharmacist, ordered(app, drug)))
    answer = sell(cashier, [of(ready)], payment_method="cash")
    refused(answer, 409, "dispense_not_filled", "lines.0.dispense_id")
    assert answer.json["dispense_status"] == "prepared"
    back = filled(app, pharmacist, drug)
    assert pharmacist.post(f"/dispenses/{back['id']}/reverse", json={"reason": "Wrong"}).status_code == 200
    refused(sell(cashier, [of(back)], payment_method="cash"), 409, "dispense_not_filled")
    refused(sell(cashier, [{"dispense_id": NOWHERE}], payment_method="cash"), 422, "validation_failed")
    assert query(app, "SELECT count(*) AS n FROM sales") == [{"n": 0}]


def test_whole_and_at_its_price(app, cashier, pharmacist):
    dispense = filled(app, pharmacist, make_drug(app, stock=50, price="0.50"))
    part = sell(cashier, [of(dispense, quantity=19)], payment_method="cash")
    refused(part, 422, "validation_failed", "lines.0.quantity")
    cheap = sell(cashier, [of(dispense, unit_price="0.05")], payment_method="cash")
    refused(cheap, 409, "price_changed", "lines.0.unit_price")
    assert cheap.json["unit_price"] == "0.50"
    assert sold(cashier, [of(dispense, quantity=20, unit_price="0.50")], payment_method="cash")["total"] == "10.00"


def test_what_is_refunded_may_be_reversed(app, cashier, pharmacist):
    drug = make_drug(app, stock=50)
    dispense = filled(app, pharmacist, drug)
    sale = sold(cashier, [of(dispense)], payment_method="cash")
    reverse = f"/dispenses/{dispense['id']}/reverse"
    said = {"reason": "Wrong", "never_left_premises": True}
    assert pharmacist.post(reverse, json=said).status_code == 409
    refused(refund(cashier, sale, (0, 20), restock=True), 422, "validation_failed", "restock", "lines.0.line_id")
    assert refunded(cashier, sale, (0, 20))["refunded"] == "20.00"
    assert shelf(app, drug.item_id).on_hand == 30
    assert pharmacist.post(reverse, json=said).status_code == 200
    assert shelf(app, drug.item_id).on_hand == 50
    refused(sell(cashier, [of(dispense)], payment_method="cash"), 409, "dispense_sold")
