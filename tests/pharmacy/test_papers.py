"""Labels and printed prescriptions: what they say, to whom, and the code that says whether one is genuine."""

import uuid
from datetime import date

import pypdfium2
import pytest

from server.modules.pharmacy.directions import directions
from tests.factories.people import API, make_patient, make_user, signed_in
from tests.factories.stock import receive
from tests.pharmacy.dispensing import change, code_of, done, fill, ordered, without_allergies
from tests.pharmacy.support import make_controlled, make_drug

TAKEN = {
    "dose_value": "1",
    "dose_unit": "tablet",
    "route": "oral",
    "times_per_day": 3,
    "duration_days": 7,
    "instructions": "After a meal.",
    "refills_allowed": 1,
}


@pytest.fixture
def pharmacist(app):
    """Give a pharmacist."""
    return signed_in(app, "pharmacist")


def pages_of(answer):
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "application/pdf"
    return list(pypdfium2.PdfDocument(answer.data))


def text_of(answer):
    return "\n".join(page.get_textpage().get_text_bounded() for page in pages_of(answer)).replace("\r\n", "\n")


def item(**fields):
    least = {"dose": None, "route": None, "frequency": None, "duration_days": None, "instructions": None}
    return {**least, **fields}


def often(times=None, hours=None, *, as_needed=False):
    return {"times_per_day": times, "interval_hours": hours, "as_needed": as_needed}


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            {"dose": {"value": 1, "unit": "tablet"}, "route": "oral", "frequency": often(2), "duration_days": 10},
            "Take 1 tablet by mouth twice a day for 10 days.",
        ),
        (
            {"dose": {"value": 2, "unit": "puff"}, "route": "Inhalation", "frequency": often(hours=6, as_needed=True)},
            "Inhale 2 puffs every 6 hours as needed.",
        ),
        (
            {"dose": {"value": 0.5, "unit": "tablet"}, "frequency": often(1), "duration_days": 1},
            "Take 0.5 tablets once a day for 1 day.",
        ),
        (
            {
                "dose": {"value": 500, "unit": "mg"},
                "route": "PO",
                "frequency": often(3, 8),
                "instructions": "With food",
            },
            "Take 500 mg by mouth 3 times a day, every 8 hours.\nWith food",
        ),
        ({"route": "topical", "frequency": often(as_needed=True)}, "Apply it to the skin as needed."),
        ({"dose": {"value": 1, "unit": "sachet"}, "route": "gastric tube"}, "Use 1 sachet (gastric tube)."),
        ({"instructions": "As written down"}, "As written down"),
        ({}, "Use as directed by your prescriber."),
    ],
)
def test_directions_in_words(said, words):
    assert directions(item(**said)) == words


def test_the_label_says_what_was_handed_out(app, clock, pharmacist):
    drug = make_drug(app, name="Amoxicillin", strength="500 mg", form="capsule")
    receive(app, drug.item_id, 100, lot_number="A1", expires_on=date(2027, 5, 1))
    prescription = ordered(app, drug, items=TAKEN)
    path = prescription.path("label")
    (before,) = done(pharmacist.get(path))["labels"]
    assert (before["dispense_id"], before["quantity"], before["refills_left"]) == (None, 20, 1)
    dispense = done(fill(pharmacist, prescription, quantity=15))
    shown = done(pharmacist.get(path))
    (label,) = shown["labels"]
    assert shown["patient"] == {
        "id": str(prescription.patient.id),
        "name": f"{prescription.patient.first_name} {prescription.patient.last_name}",
        "mrn": prescription.patient.mrn,
        "date_of_birth": "1980-01-01",
    }
    assert shown["pharmacy"]["name"]
    assert shown["prescriber"]["name"] == "Dr. Else"
    assert (label["dispense_id"], label["quantity"], label["date"]) == (dispense["id"], 15, "2026-03-02")
    assert label["directions"] == "Take 1 tablet by mouth 3 times a day for 7 days.\nAfter a meal."
    assert (label["use_by"], label["lots"][0]["lot_number"]) == ("2027-05-01", "A1")
    for printed in (pharmacist.get(path, headers={"Accept": "application/pdf"}), pharmacist.get(f"{path}.pdf")):
        text = text_of(printed)
        for words in (
            *(prescription.patient.last_name, prescription.patient.mrn, "Amoxicillin, 500 mg, capsule"),
            *("Take 1 tablet by mouth 3 times a day for 7 days.", "After a meal.", "Quantity 15", "Refills left 1"),
            *("Lot A1", "use by 1 May 2027", "Prescribed by Dr. Else", "2 Mar 2026", "reach of children"),
        ):
            assert words in text.replace("\n", " "), words


def test_each_item_has_a_label_and_a_controlled_one_a_warning(app, pharmacist):
    prescription = ordered(app, make_drug(app, stock=50), make_controlled(app, stock=50))
    plain, controlled = done(pharmacist.get(prescription.path("label")))["labels"]
    assert (len(plain["warnings"]), len(controlled["warnings"])) == (1, 2)
    answer = pharmacist.get(prescription.path("label.pdf"))
    assert len(pages_of(answer)) == 2


def test_a_prescription_on_paper(app, pharmacist):
    patient = without_allergies(app, first_name="Ида", last_name="O'Neill")
    prescription = ordered(app, make_controlled(app), patient=patient, items=TAKEN, notes="Call me\nif unsure")
    answer = pharmacist.get(f"/prescriptions/{prescription.id}.pdf")
    text = text_of(answer)
    for words in (
        *("Ида O'Neill", patient.mrn, "Dr. Else", "Take 1 tablet by mouth 3 times a day", "After a meal."),
        *("Quantity", "Refills", "Schedule", "Call me", "Signature of Dr. Else", prescription.verify_code),
    ):
        assert words in text, words
    assert f"{API}/prescriptions/verify/{prescription.verify_code}" in text.replace("\n", "")
    (page,) = pages_of(answer)
    assert [one.type for one in page.get_objects()].count(pypdfium2.raw.FPDF_PAGEOBJ_IMAGE) == 1


def test_what_is_over_says_so_on_paper_and_a_draft_is_not_printed(app, pharmacist):
    prescription = ordered(app, make_drug(app))
    change(app, prescription, status="stopped")
    assert "This prescription is stopped." in text_of(pharmacist.get(f"/prescriptions/{prescription.id}.pdf"))
    assert "This prescription is stopped." in text_of(pharmacist.get(prescription.path("label.pdf"))).replace("\n", " ")
    change(app, prescription, status="draft")
    assert code_of(pharmacist.get(f"/prescriptions/{prescription.id}.pdf")) == (409, "prescription_draft")


def test_patients_print_their_own(app, pharmacist):
    user = make_user(app, "patient")
    drug = make_drug(app)
    own = ordered(app, drug, patient=make_patient(app, user_id=user.id))
    other = ordered(app, drug)
    themselves = signed_in(app, user=user)
    for path in (f"/prescriptions/{own.id}.pdf", own.path("label"), own.path("label.pdf")):
        assert themselves.get(path).status_code == 200, path
    for path in (f"/prescriptions/{other.id}.pdf", other.path("label"), other.path("label.pdf")):
        assert themselves.get(path).status_code == 404, path
        assert signed_in(app, "cashier").get(path).status_code == 403, path
    change(app, own, status="draft")
    assert themselves.get(f"/prescriptions/{own.id}.pdf").status_code == 404


def test_the_code_says_that_it_is_genuine_and_nothing_of_whom(app, clock, client, pharmacist):
    drug = make_drug(app, stock=50)
    prescription = ordered(app, drug, expires_on=date(2026, 5, 31))

    def verify(code=prescription.verify_code):
        return client.get(f"{API}/prescriptions/verify/{code}")

    genuine = {"genuine": True, "issued_on": "2026-03-02", "expires_on": "2026-05-31"}
    assert done(verify()) == {**genuine, "is_open": True}
    done(fill(pharmacist, prescription, quantity=5))
    assert done(verify())["is_open"] is True
    done(fill(pharmacist, prescription))
    assert done(verify()) == {**genuine, "is_open": False}
    change(app, prescription, status="active", expires_on=date(2026, 3, 1))
    assert done(verify())["is_open"] is False
    change(app, prescription, status="draft")
    for code in (prescription.verify_code, "a" * 32, "x", "%00" * 32, "é" * 20, str(uuid.uuid4())):
        assert verify(code).status_code == 404, code


def test_codes_are_not_guessed_at_speed(app, make_app):
    guarded = make_app(RATE_LINK="3 per minute", RATE_LIMITS_FACTOR="1")
    answers = [guarded.test_client().get(f"{API}/prescriptions/verify/{'a' * 32}").status_code for _ in range(5)]
    assert answers == [404, 404, 404, 429, 429]
