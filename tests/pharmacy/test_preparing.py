"""Laid ready by one, handed out by another; and let go of when it is not fetched."""

from datetime import date

import pytest

from server.modules.prescriptions.service import expiring
from tests.factories.people import make_patient, named, signed_in
from tests.factories.stock import receive, set_lot, shelf
from tests.pharmacy.dispensing import (
    change,
    code_of,
    dispensed,
    dispenses_of,
    done,
    fill,
    ordered,
    prepare,
    status_of,
)
from tests.pharmacy.support import make_drug


@pytest.fixture
def technician(app):
    """Give a pharmacy technician."""
    return signed_in(app, "pharmacy_technician", first_name="Tess", last_name="Technician")


@pytest.fixture
def pharmacist(app):
    """Give a pharmacist."""
    return signed_in(app, "pharmacist")


def available(someone, drug):
    return someone.get(f"/items/{drug.item_id}").json["data"]["available"]


def test_what_is_laid_ready_is_nobody_elses_and_is_what_is_filled(app, technician, pharmacist):
    drug = make_drug(app, price="1.00")
    soon = receive(app, drug.item_id, 25, lot_number="SOON", expires_on=date(2099, 5, 1))
    prescription = ordered(app, drug)
    ready = done(prepare(technician, prescription))
    assert (ready["status"], ready["prepared_by"], ready["filled_by"]) == ("prepared", named(technician), None)
    assert [(one["lot_id"], one["quantity"]) for one in ready["lots"]] == [(str(soon), 20)]
    assert (shelf(app, drug.item_id).on_hand, available(pharmacist, drug)) == (25, 5)
    assert (status_of(app, prescription), dispensed(app, prescription)) == ("active", [20])
    assert code_of(fill(pharmacist, ordered(app, drug))) == (409, "insufficient_stock")
    assert code_of(prepare(technician, prescription)) == (409, "already_prepared")
    receive(app, drug.item_id, 30, lot_number="SOONER", expires_on=date(2098, 5, 1))
    assert list(fill(pharmacist, prescription, quantity=5).json["errors"]) == ["quantity"]
    lots = [{"lot_id": str(soon), "quantity": 20}]
    assert list(fill(pharmacist, prescription, lots=lots).json["errors"]) == ["lots"]
    filled = done(fill(pharmacist, prescription))
    assert (filled["id"], filled["status"], filled["prepared_by"]) == (ready["id"], "filled", named(technician))
    assert filled["lots"] == ready["lots"]
    assert (shelf(app, drug.item_id).lots[soon], status_of(app, prescription)) == (5, "filled")
    assert dispenses_of(app, prescription) == [(1, 20, "filled")]


def test_what_is_not_fit_any_more_is_taken_of_another_lot(app, technician, pharmacist):
    drug = make_drug(app)
    lot = receive(app, drug.item_id, 25, lot_number="A1")
    prescription = ordered(app, drug)
    done(prepare(technician, prescription))
    set_lot(app, lot, status="recalled")
    assert code_of(fill(pharmacist, prescription)) == (409, "insufficient_stock")
    other = receive(app, drug.item_id, 25, lot_number="B2")
    filled = done(fill(pharmacist, prescription))
    assert [(one["lot_id"], one["quantity"]) for one in filled["lots"]] == [(str(other), 20)]
    assert shelf(app, drug.item_id).lots == {lot: 25, other: 5}
    set_lot(app, lot, status="available")
    assert available(pharmacist, drug) == 30


def test_cancelled_it_is_free_again(app, technician, pharmacist):
    drug = make_drug(app, stock=20)
    prescription = ordered(app, drug)
    ready = done(prepare(technician, prescription))
    let_go = technician.post(f"/dispenses/{ready['id']}/cancel")
    assert done(let_go)["status"] == "cancelled"
    again = technician.post(f"/dispenses/{ready['id']}/cancel")
    assert (*code_of(again), again.json["dispense_status"]) == (409, "not_prepared", "cancelled")
    assert (available(pharmacist, drug), dispensed(app, prescription)) == (20, [0])
    done(prepare(technician, prescription, quantity=5))
    done(fill(pharmacist, prescription))
    done(fill(pharmacist, prescription))
    assert [one[1:] for one in dispenses_of(app, prescription)] == [(20, "cancelled"), (5, "filled"), (15, "filled")]


def test_two_people(app, make_app, technician, pharmacist):
    strict = make_app(DISPENSE_TWO_PERSONS="true")
    drug = make_drug(app, stock=100)
    prescription = ordered(app, drug, items={"refills_allowed": 1})
    one, other = (signed_in(strict, "pharmacist") for _ in range(2))
    assert code_of(fill(one, prescription)) == (409, "two_persons_required")
    done(prepare(one, prescription))
    assert code_of(fill(one, prescription)) == (409, "two_persons_required")
    done(fill(other, prescription))
    done(prepare(one, prescription))
    done(fill(signed_in(app, user=one.user), prescription))


@pytest.mark.parametrize("verb", ["stop", "cancel"])
def test_what_is_laid_ready_is_free_when_the_prescription_ends(app, technician, pharmacist, verb):
    drug = make_drug(app, stock=20)
    prescription = ordered(app, drug)
    done(prepare(technician, prescription))
    assert pharmacist.post(prescription.path(verb), json={"reason": "Moved"}).status_code == 200
    assert (available(pharmacist, drug), dispenses_of(app, prescription)) == (20, [(1, 20, "cancelled")])


def test_what_is_laid_ready_is_free_when_the_prescription_expires(app, technician, pharmacist):
    drug = make_drug(app, stock=20)
    prescription = ordered(app, drug)
    done(prepare(technician, prescription))
    change(app, prescription, expires_on=date(2020, 1, 1))
    assert code_of(fill(pharmacist, prescription)) == (409, "prescription_expired")
    with app.app_context():
        assert expiring.expire() == 1
    assert (available(pharmacist, drug), dispenses_of(app, prescription)) == (20, [(1, 20, "cancelled")])


def test_the_patient_hears_once_that_it_is_ready(app, technician, pharmacist):
    someone = signed_in(app, "patient")
    drug = make_drug(app, stock=100)
    patient = make_patient(app, user_id=someone.user.id)

    def heard():
        return [one["type"] for one in someone.get("/notifications").json["data"]]

    prescription = ordered(app, drug, patient=patient, items={"refills_allowed": 1})
    done(prepare(technician, prescription))
    assert heard() == ["prescription_ready"]
    finding = fill(pharmacist, prescription).json["findings"][0]["id"]
    done(fill(pharmacist, prescription, acknowledge=[finding]))
    assert heard() == ["prescription_ready"]
    done(fill(pharmacist, prescription, acknowledge=[finding]))
    assert heard() == ["prescription_ready"] * 2


def test_a_technician_prepares_and_does_not_fill(app, technician):
    prescription = ordered(app, make_drug(app, stock=20))
    assert fill(technician, prescription).status_code == 403
    assert prepare(signed_in(app, "cashier"), prescription).status_code == 403
