"""Receipts: the sale with who sold, as JSON, and on a till's paper."""

import pypdfium2
import pytest

from tests.factories.people import make_patient, signed_in
from tests.patients.support import refused
from tests.pharmacy.support import make_drug, sold
from tests.pharmacy.test_refunds import refunded
from tests.pharmacy.test_selling import NOWHERE, card, cash, of

PDF = {"Accept": "application/pdf"}


@pytest.fixture
def cashier(app, clock):
    """Give a cashier, who signs in at the stopped time."""
    return signed_in(app, "cashier")


@pytest.fixture
def sale(app, clock, cashier):
    """Give a sale of two things to a patient, of one of which one came back."""
    aspirin = make_drug(app, stock=20, price="1.25", tax_rate="7.5", name="Aspirin 325 MG Oral Tablet")
    salts = make_drug(app, stock=20, price="3.10", name="Rehydration salts, µ-sachet")
    patient = make_patient(app, first_name="Zoë", last_name="O'Neill")
    goods = [of(aspirin, 3), of(salts, 2)]
    paid = [card("10.00", reference="Slip 7"), cash("5.00")]
    made = sold(cashier, goods, payments=paid, patient_id=str(patient.id))
    clock.shift(60)
    return refunded(cashier, made, (1, 1), method="cash")


def path(sale, name="receipt"):
    return f"/transactions/{sale['id']}/{name}"


def words(document):
    """Return the text of a document of one page."""
    pdf = pypdfium2.PdfDocument(document)
    assert len(pdf) == 1
    width, height = pdf[0].get_size()
    assert round(width / 72 * 25.4) == 80
    return height, pdf[0].get_textpage().get_text_range()


def test_as_json(app, cashier, sale):
    admin = signed_in(app, "admin")
    clinic = admin.get("/clinic").json["data"]
    said = {"name": "Grove Clinic", "phone": "+493012345678", "address": {"line1": "Grove 5", "city": "Berlin"}}
    answer = admin.patch("/clinic", json=said, headers={"If-Match": f'"{clinic["version"]}"'})
    assert answer.status_code == 200, answer.text
    receipt = cashier.get(path(sale)).json["data"]
    shown = receipt.pop("clinic")
    assert receipt == sale
    assert (shown["name"], shown["phone"], shown["email"]) == ("Grove Clinic", "+493012345678", None)
    assert (shown["address"]["line1"], shown["address"]["city"]) == ("Grove 5", "Berlin")


@pytest.mark.parametrize(("name", "headers"), [("receipt", PDF), ("receipt.pdf", {})])
def test_on_paper(cashier, sale, name, headers):
    answer = cashier.get(path(sale, name), headers=headers)
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert f'filename="receipt-{sale["receipt_number"]}.pdf"' in answer.headers["Content-Disposition"]
    _, text = words(answer.data)
    for expected in (
        *("Receipt R-000001", "2026-03-02 09:00", "Zoë O'Neill", "Aspirin 325 MG Oral Tablet"),
        *("3 × 1.25 + 7.5 % tax", "3.75", "Rehydration salts, µ-sachet", "2 × 3.10", "6.20"),
        *("Subtotal", "9.95", "Tax 7.5 %", "0.28", "Total USD", "10.23", "Credit card (Slip 7)", "10.00"),
        *("Cash", "5.00", "Change", "4.77", "Refunded, cash", "2026-03-02 09:01", "1 back", "-3.10"),
        *("Paid after refunds USD", "7.13"),
    ):
        assert expected in text, expected


def test_json_is_what_nobody_asks_otherwise(cashier, sale):
    for accepted in ("*/*", "application/json, application/pdf", "text/html", ""):
        answer = cashier.get(path(sale), headers={"Accept": accepted})
        assert (answer.status_code, answer.mimetype) == (200, "application/json"), accepted


def test_paper_is_as_long_as_what_is_on_it(app, cashier):
    drug, heights = make_drug(app, stock=99, name="Wide words " * 18), []
    for count in (1, 30):
        made = sold(cashier, [of(drug)] * count, payment_method="cash")
        height, text = words(cashier.get(path(made, "receipt.pdf")).data)
        assert text.count("1 × 1.00") == count
        heights.append(height)
    assert heights[1] > 5 * heights[0]


def test_of_a_sale_that_there_is_not(cashier):
    for name in ("receipt", "receipt.pdf"):
        refused(cashier.get(f"{NOWHERE}/{name}", headers=PDF), 404, "not_found")
