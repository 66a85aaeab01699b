"""Who sees what was handed out, and how much of it."""

import pytest

from tests.factories.people import make_patient, make_user, relate, signed_in
from tests.factories.stock import receive
from tests.pharmacy.dispensing import done, fill, ordered, prepare, without_allergies
from tests.pharmacy.support import make_drug


@pytest.fixture
def pharmacist(app):
    """Give a pharmacist."""
    return signed_in(app, "pharmacist")


def listed(someone, **query):
    answer = someone.get("/dispenses", query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.json["data"]


def test_the_pharmacy_sees_all_of_them(app, pharmacist):
    drug = make_drug(app, stock=200)
    prescription = ordered(app, drug, items={"refills_allowed": 1})
    first = done(fill(pharmacist, prescription))
    second = done(prepare(pharmacist, prescription))
    other = done(fill(pharmacist, ordered(app, drug)))
    assert [one["id"] for one in listed(pharmacist)] == [other["id"], second["id"], first["id"]]
    assert [one["id"] for one in listed(pharmacist, status="prepared")] == [second["id"]]
    assert [one["id"] for one in listed(pharmacist, to_pay="true", sort="created_at")] == [first["id"], other["id"]]
    assert [one["id"] for one in listed(pharmacist, prescription_id=str(prescription.id))] == [
        second["id"],
        first["id"],
    ]
    assert len(listed(pharmacist, patient_id=str(prescription.patient.id))) == 2
    assert listed(pharmacist, medication_id=str(prescription.id)) == []
    assert len(listed(pharmacist, **{"from": "2020-01-01"})) == 3
    assert listed(pharmacist, to="2020-01-01") == []
    assert pharmacist.get("/dispenses?from=2020-01-02&to=2020-01-01").status_code == 422
    of_one = pharmacist.get(prescription.path("dispenses")).json["data"]
    assert [one["id"] for one in of_one] == [second["id"], first["id"]]
    shown = pharmacist.get(f"/dispenses/{first['id']}").json["data"]
    assert shown == {name: value for name, value in first.items() if name != "dispenses"}
    assert shown["patient"]["mrn"] == prescription.patient.mrn
    assert pharmacist.get(f"/dispenses/{prescription.id}").status_code == 404


def test_the_till_sees_what_is_to_be_paid_and_of_it_what_it_needs(app, pharmacist):
    cashier, drug = signed_in(app, "cashier"), make_drug(app, stock=200, price="2.50")
    prescription = ordered(app, drug, items={"refills_allowed": 1})
    dispense = done(fill(pharmacist, prescription))
    ready = done(prepare(pharmacist, prescription))
    (shown,) = listed(cashier)
    assert shown.keys() == {
        *("id", "created_at", "updated_at", "version", "rx_number", "patient", "medication", "fill_number"),
        *("quantity", "unit_price", "tax_rate", "status"),
    }
    assert shown.items() <= dispense.items()
    assert listed(cashier, patient_id=str(prescription.patient.id)) == [shown]
    assert cashier.get(f"/dispenses/{dispense['id']}").json["data"] == shown
    assert cashier.get(prescription.path("dispenses")).json["data"] == [shown]
    assert cashier.get(f"/dispenses/{ready['id']}").status_code == 404
    body = {"lines": [{"dispense_id": dispense["id"]}], "payment_method": "cash"}
    assert cashier.post("/transactions", json=body).status_code == 201
    assert listed(cashier) == []
    assert cashier.get(f"/dispenses/{dispense['id']}").status_code == 404


def test_patients_see_their_own_and_those_who_care_for_them_theirs(app, pharmacist):
    user = make_user(app, "patient")
    patient, stranger = make_patient(app, user_id=user.id), without_allergies(app)
    drug = make_drug(app, stock=200)
    prescription = ordered(app, drug, patient=patient)
    (finding,) = fill(pharmacist, prescription).json["findings"]
    own = done(fill(pharmacist, prescription, acknowledge=[finding["id"]]))
    done(fill(pharmacist, ordered(app, drug, patient=stranger)))
    nurse = signed_in(app, "nurse")
    assert listed(nurse) == []
    assert nurse.get(f"/dispenses/{own['id']}").status_code == 404
    relate(app, patient.id, nurse.user.id)
    themselves = signed_in(app, user=user)
    for someone in (themselves, nurse):
        assert [one["id"] for one in listed(someone)] == [own["id"]]
        assert someone.get(f"/dispenses/{own['id']}").status_code == 200
        assert len(someone.get(prescription.path("dispenses")).json["data"]) == 1
    assert themselves.get(f"/dispenses/{own['id']}").json["data"]["skipped"] == []
    assert signed_in(app, "receptionist").get("/dispenses").status_code == 403


def test_a_recall_names_who_was_handed_out_of_the_lot(app, pharmacist):
    drug = make_drug(app)
    lot = receive(app, drug.item_id, 100, lot_number="BAD")
    kept, back = ordered(app, drug), ordered(app, drug)
    dispense = done(fill(pharmacist, kept))
    reversed_one = done(fill(pharmacist, back))
    answer = pharmacist.post(f"/dispenses/{reversed_one['id']}/reverse", json={"reason": "Wrong"})
    assert answer.status_code == 200
    recalled = signed_in(app, "pharmacy_manager").post(f"/lots/{lot}/recall", json={"reason": "By the maker"})
    assert recalled.status_code == 200, recalled.text
    (given,) = recalled.json["data"]["dispenses"]
    assert (given["document_type"], given["document_id"], given["quantity"]) == ("dispense", dispense["id"], 20)
    (patient,) = recalled.json["data"]["patients"]
    assert patient["mrn"] == kept.patient.mrn
