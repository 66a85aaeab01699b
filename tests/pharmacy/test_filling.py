"""Filling: what a prescription allows, of the lots that expire first, and what is in the way."""

import uuid
from datetime import date

import pytest

from tests.factories.people import make_patient, named, signed_in
from tests.factories.stock import ledger, receive, set_lot, shelf
from tests.inventory.support import reconciled
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
    without_allergies,
)
from tests.pharmacy.support import assert_register_is_right, make_controlled, make_drug

DAY = 86_400


@pytest.fixture
def pharmacist(app):
    """Give a pharmacist."""
    return signed_in(app, "pharmacist", first_name="Phil", last_name="Pharmacist")


def test_a_fill_takes_what_is_prescribed_of_what_expires_first(app, clock, pharmacist):
    drug = make_drug(app, price="0.50", tax_rate="10")
    late = receive(app, drug.item_id, 50, lot_number="LATE", expires_on=date(2027, 5, 1))
    soon = receive(app, drug.item_id, 15, lot_number="SOON", expires_on=date(2026, 5, 1))
    prescription = ordered(app, drug)
    data = done(fill(pharmacist, prescription))
    assert (data["quantity"], data["fill_number"], data["status"]) == (20, 1, "filled")
    assert data["lots"] == [
        {"lot_id": str(soon), "lot_number": "SOON", "expires_on": "2026-05-01", "quantity": 15},
        {"lot_id": str(late), "lot_number": "LATE", "expires_on": "2027-05-01", "quantity": 5},
    ]
    assert (data["unit_price"], data["tax_rate"], data["skipped"]) == ("0.50", "10", [])
    assert (data["filled_by"], data["filled_by_id"]) == (named(pharmacist), str(pharmacist.user.id))
    assert data["filled_at"] == "2026-03-02T08:00:00Z"
    assert (data["prescription_id"], data["item_id"]) == (str(prescription.id), str(prescription.item))
    assert (data["settled_by"], data["reversed"], data["prepared_by"]) == (None, None, None)
    assert [one["id"] for one in data["dispenses"]] == [data["id"]]
    assert shelf(app, drug.item_id).lots == {soon: 0, late: 45}
    moved = ledger(app, drug.item_id)[-1]
    assert (moved["activity_type"], moved["document_type"], str(moved["document_id"])) == (
        "fillpresc",
        "dispense",
        data["id"],
    )
    assert (status_of(app, prescription), dispensed(app, prescription)) == ("filled", [20])
    assert code_of(fill(pharmacist, prescription)) == (409, "no_refills_remaining")
    assert reconciled(app).differences == []


def test_put_fills_too_and_a_body_is_not_needed(app, pharmacist):
    prescription = ordered(app, make_drug(app, stock=40), items={"refills_allowed": 1})
    done(pharmacist.put(prescription.path("fill")))
    done(pharmacist.post(prescription.path("fill")))
    assert dispenses_of(app, prescription) == [(1, 20, "filled"), (2, 20, "filled")]


def test_lots_that_are_not_fit_are_skipped_and_named_with_the_reason(app, clock, pharmacist):
    drug = make_drug(app)
    expired, recalled, held = (
        receive(app, drug.item_id, 30, lot_number=name, expires_on=date(2026, 3, day))
        for day, name in enumerate(("EXPIRED", "RECALLED", "HELD"), 3)
    )
    set_lot(app, expired, expires_on=date(2026, 3, 1))
    set_lot(app, recalled, status="recalled")
    set_lot(app, held, status="on_hold")
    receive(app, drug.item_id, 30, lot_number="GOOD")
    reserved = receive(app, drug.item_id, 20, lot_number="RESERVED", expires_on=date(2026, 3, 9))
    done(prepare(pharmacist, ordered(app, drug)))
    data = done(fill(pharmacist, ordered(app, drug)))
    assert [one["lot_number"] for one in data["lots"]] == ["GOOD"]
    assert {one["lot_number"]: one["reason"] for one in data["skipped"]} == {
        "EXPIRED": "expired",
        "RECALLED": "recalled",
        "HELD": "on_hold",
        "RESERVED": "reserved",
    }
    for number, lot in enumerate((expired, recalled, held)):
        answer = fill(pharmacist, ordered(app, drug), lots=[{"lot_id": str(lot), "quantity": 20}])
        assert (answer.status_code, list(answer.json["errors"])) == (422, ["lots.0.lot_id"]), number
    assert shelf(app, drug.item_id).lots[reserved] == 20


def test_named_lots_are_taken(app, pharmacist):
    drug = make_drug(app, stock=30)
    other = receive(app, drug.item_id, 30, lot_number="B2")
    data = done(fill(pharmacist, ordered(app, drug), quantity=5, lots=[{"lot_id": str(other), "quantity": 5}]))
    assert [(one["lot_number"], one["quantity"]) for one in data["lots"]] == [("B2", 5)]
    assert [one["reason"] for one in data["skipped"]] == ["not_named"]
    bad = [
        {"quantity": 6, "lots": [{"lot_id": str(other), "quantity": 5}]},
        {"lots": [{"lot_id": str(other), "quantity": 1}, {"lot_id": str(other), "quantity": 1}]},
        {"lots": [{"lot_id": str(uuid.uuid4()), "quantity": 1}]},
        {"quantity": 0},
        {"quantity": 21},
        {"quantity": "5"},
        {"items": []},
        {"items": [{"item_id": str(uuid.uuid4())}]},
    ]
    for body in bad:
        assert fill(pharmacist, ordered(app, drug), **body).status_code == 422, body


def test_a_fill_may_be_handed_out_in_parts_and_a_refill_comes_after_all_of_it(app, pharmacist):
    drug = make_drug(app, stock=12)
    prescription = ordered(app, drug, items={"refills_allowed": 1})
    refusal = fill(pharmacist, prescription)
    assert code_of(refusal) == (409, "insufficient_stock")
    wanted = {name: refusal.json[name] for name in ("available", "requested", "item_id")}
    assert wanted == {"available": 12, "requested": 20, "item_id": str(drug.item_id)}
    assert done(fill(pharmacist, prescription, allow_partial=True))["quantity"] == 12
    assert (status_of(app, prescription), dispensed(app, prescription)) == ("partially_filled", [12])
    assert code_of(fill(pharmacist, prescription, allow_partial=True)) == (409, "insufficient_stock")
    receive(app, drug.item_id, 100)
    refusal = fill(pharmacist, prescription, quantity=9)
    assert (*code_of(refusal), refusal.json["remaining"]) == (409, "more_than_left", 8)
    done(fill(pharmacist, prescription))
    done(fill(pharmacist, prescription, quantity=15))
    refusal = fill(pharmacist, prescription, quantity=6)
    assert (*code_of(refusal), refusal.json["remaining"]) == (409, "no_refills_remaining", 5)
    done(fill(pharmacist, prescription))
    assert dispenses_of(app, prescription) == [
        (1, 12, "filled"),
        (1, 8, "filled"),
        (2, 15, "filled"),
        (2, 5, "filled"),
    ]
    assert status_of(app, prescription) == "filled"


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"status": "draft"}, "prescription_draft"),
        ({"status": "stopped"}, "prescription_stopped"),
        ({"status": "cancelled"}, "prescription_cancelled"),
        ({"status": "expired"}, "prescription_expired"),
        ({"expires_on": date(2026, 3, 1)}, "prescription_expired"),
        ({"status": "entered_in_error"}, "entered_in_error"),
    ],
)
def test_what_is_not_open_is_not_filled(app, clock, pharmacist, columns, code):
    drug = make_drug(app, stock=50)
    prescription = ordered(app, drug)
    change(app, prescription, **columns)
    assert code_of(fill(pharmacist, prescription)) == (409, code)
    assert code_of(prepare(pharmacist, prescription)) == (409, code)
    assert shelf(app, drug.item_id).on_hand == 50


def test_the_last_day_counts(app, clock, pharmacist):
    prescription = ordered(app, make_drug(app, stock=50), expires_on=date(2026, 3, 2))
    done(fill(pharmacist, prescription))


def test_what_was_imported_without_a_quantity_is_not_filled(app, pharmacist):
    prescription = ordered(app, make_drug(app, stock=50), source="imported", items={"quantity": None})
    assert code_of(fill(pharmacist, prescription)) == (409, "not_fillable")
    assert code_of(prepare(pharmacist, prescription)) == (409, "not_fillable")


def test_a_refill_comes_when_three_quarters_of_the_days_are_over(app, clock, pharmacist):
    drug = make_drug(app, stock=500)
    prescription = ordered(app, drug, items={"refills_allowed": 2, "duration_days": 20})
    done(fill(pharmacist, prescription))
    clock.shift(14 * DAY)
    pharmacist, manager = signed_in(app, "pharmacist"), signed_in(app, "pharmacy_manager")
    refusal = fill(pharmacist, prescription)
    assert (*code_of(refusal), refusal.json["refill_on"]) == (409, "too_early", "2026-03-17")
    assert fill(manager, prescription, override_reason="Travels").status_code == 403
    assert done(fill(pharmacist, prescription, override_reason="Travels"))["override_reason"] == "Travels"
    clock.shift(15 * DAY)
    done(fill(signed_in(app, "pharmacist"), prescription))
    assert dispensed(app, prescription) == [60]


def test_the_rest_of_a_fill_is_never_too_early(app, clock, pharmacist):
    prescription = ordered(app, make_drug(app, stock=500), items={"refills_allowed": 1, "duration_days": 20})
    done(fill(pharmacist, prescription, quantity=5))
    clock.shift(10 * DAY)
    pharmacist = signed_in(app, "pharmacist")
    done(fill(pharmacist, prescription))
    # Five units last until the seventh, the other fifteen from the twelfth to the twenty-seventh.
    assert fill(pharmacist, prescription).json["refill_on"] == "2026-03-22"


def test_several_items(app, pharmacist):
    one, other = make_drug(app, stock=100), make_drug(app, stock=100)
    prescription = ordered(app, one, other, items={"refills_allowed": 1})
    assert list(fill(pharmacist, prescription, quantity=5).json["errors"]) == ["quantity"]
    first, second = map(str, prescription.items)
    twice = fill(pharmacist, prescription, items=[{"item_id": first}, {"item_id": first}])
    assert list(twice.json["errors"]) == ["items.1.item_id"]
    data = done(fill(pharmacist, prescription, items=[{"item_id": second, "quantity": 20}]))
    assert [(each["item_id"], each["quantity"]) for each in data["dispenses"]] == [(second, 20)]
    assert status_of(app, prescription) == "partially_filled"
    assert len(done(fill(pharmacist, prescription))["dispenses"]) == 2
    assert len(done(fill(pharmacist, prescription))["dispenses"]) == 1
    refusal = fill(pharmacist, prescription, items=[{"item_id": second}])
    assert code_of(refusal) == (409, "no_refills_remaining")
    assert dispensed(app, prescription) == [40, 40]


def test_of_several_items_all_are_there_or_none(app, pharmacist):
    one, other = make_drug(app, stock=100), make_drug(app, stock=7)
    prescription = ordered(app, one, other)
    assert code_of(fill(pharmacist, prescription)) == (409, "insufficient_stock")
    assert (shelf(app, one.item_id).on_hand, shelf(app, other.item_id).on_hand) == (100, 7)
    assert dispensed(app, prescription) == [0, 0]
    made = done(fill(pharmacist, prescription, allow_partial=True))["dispenses"]
    assert sorted(each["quantity"] for each in made) == [7, 20]


def test_the_checks_run_again_and_what_they_found_is_kept(app, pharmacist):
    drug = make_drug(app, stock=100, ingredients=[{"name": "penicillin v"}])
    patient = without_allergies(app)
    prescription = ordered(app, drug, patient=patient, items={"refills_allowed": 3})
    done(fill(pharmacist, prescription))
    stranger = ordered(app, drug, patient=make_patient(app))
    refusal = fill(pharmacist, stranger)
    assert code_of(refusal) == (409, "safety_check_failed")
    (finding,) = refusal.json["findings"]
    assert (finding["kind"], finding["severity"]) == ("allergies_unknown", "warning")
    assert code_of(fill(pharmacist, stranger, acknowledge=["something"])) == (409, "safety_check_failed")
    data = done(fill(pharmacist, stranger, acknowledge=[finding["id"]]))
    kept = pharmacist.get(f"/prescriptions/{stranger.id}").json["data"]["findings"]
    assert [(one["id"], one["stage"], one["dispense_id"]) for one in kept] == [(finding["id"], "fill", data["id"])]
    assert kept[0]["is_acknowledged"] is True


def test_a_controlled_drug_is_in_the_register_and_needs_no_witness(app, pharmacist):
    drug = make_controlled(app, stock=40)
    done(fill(pharmacist, ordered(app, drug)))
    assert shelf(app, drug.item_id).on_hand == 20
    assert_register_is_right(app)
