"""The register of controlled drugs: a line for each movement, a running balance, corrections by new lines."""

import uuid

import pytest

from tests.factories.people import signed_in
from tests.factories.stock import ledger, receive, set_lot, shelf
from tests.inventory.support import reconciled
from tests.patients.support import refused
from tests.pharmacy.support import assert_register_is_right, make_controlled, make_drug, register, witnessed

NOWHERE = "/controlled-register/0190c6c1-0000-7000-8000-000000000000"


@pytest.fixture
def manager(app):
    """Give the manager of the pharmacy."""
    return signed_in(app, "pharmacy_manager", first_name="Mia", last_name="Manager")


@pytest.fixture
def pharmacist(app):
    """Give a pharmacist, who can stand by."""
    return signed_in(app, "pharmacist", first_name="Phil", last_name="Pharmacist")


def adjust(someone, drug, adjustment, **body):
    path = f"/items/{drug.item_id}/stock"
    return someone.patch(path, json={"adjustment": adjustment, "reason": "Broken", **body})


def correct(someone, entry, change, **body):
    facts = {"quantity_changed_by": change, "reason": "Miscounted", **body}
    return someone.post(f"/controlled-register/{entry['id']}/corrections", json=facts)


def test_each_movement_has_a_line_with_the_balance_after_it(app, clock, manager, pharmacist):
    drug = make_controlled(app)
    receive(app, drug.item_id, 100, lot_number="A1")
    clock.shift(60)
    assert adjust(manager, drug, -3, **witnessed(pharmacist)).status_code == 200
    first, second = register(pharmacist, medication_id=drug.id)
    assert (first["in"], first["out"], first["balance"], first["number"]) == (100, 0, 100, 1)
    assert (second["in"], second["out"], second["balance"], second["number"]) == (0, 3, 97, 2)
    assert (first["at"], second["at"]) == ("2026-03-02T08:00:00Z", "2026-03-02T08:01:00Z")
    assert second["medication"] == {"id": drug.id, "name": drug.name}
    assert (second["reason"], second["document"], first["user"], first["witness"]) == ("Broken", None, None, None)
    assert second["user"] == {"id": str(manager.user.id), "name": "Mia Manager"}
    assert second["witness"] == {"id": str(pharmacist.user.id), "name": "Phil Pharmacist"}
    assert second["movement_id"] == str(ledger(app, drug.item_id)[-1]["id"])
    assert ledger(app, drug.item_id)[-1]["witness_id"] == pharmacist.user.id
    assert pharmacist.get(f"/controlled-register/{second['id']}").json["data"] == second
    assert_register_is_right(app)


def test_the_balance_runs_by_drug_and_strength_whoever_makes_it(app, pharmacist):
    one, other = (make_controlled(app, manufacturer=maker, stock=10) for maker in ("Alpha", "Beta"))
    stronger = make_controlled(app, name="Morphine sulfate 30 MG Oral Tablet", strength="30 MG", stock=7)
    assert [line["balance"] for line in register(pharmacist, medication_id=one.id)] == [10, 20]
    assert register(pharmacist, medication_id=other.id) == register(pharmacist, medication_id=one.id)
    assert [line["balance"] for line in register(pharmacist, medication_id=stronger.id)] == [7]
    assert len(register(pharmacist)) == 3
    assert register(pharmacist, medication_id=str(uuid.uuid4())) == []


def test_what_is_not_controlled_is_not_in_it(app, manager, pharmacist):
    drug = make_drug(app, stock=5)
    assert adjust(manager, drug, -1).status_code == 200
    assert register(pharmacist) == []


def test_a_range_of_days(app, clock):
    drug = make_controlled(app, stock=1)
    clock.shift(86_400)
    receive(app, drug.item_id, 2)
    pharmacist = signed_in(app, "pharmacist")
    assert [line["in"] for line in register(pharmacist, **{"from": "2026-03-03"})] == [2]
    assert [line["in"] for line in register(pharmacist, to="2026-03-02")] == [1]
    query = {"from": "2026-03-03", "to": "2026-03-02"}
    refused(pharmacist.get("/controlled-register", query_string=query), 422, "validation_failed", "to")


def test_a_correction_is_a_new_line_that_moves_the_same_lot(app, manager, pharmacist):
    drug = make_controlled(app)
    lots = [receive(app, drug.item_id, 10, lot_number=number) for number in ("A", "B")]
    wrong = register(pharmacist)[1]
    answer = correct(pharmacist, wrong, -4, **witnessed(manager))
    assert answer.status_code == 201, answer.text
    made = answer.json["data"]
    assert (made["out"], made["balance"], made["corrects_id"], made["reason"]) == (4, 16, wrong["id"], "Miscounted")
    assert made["document"] == {"type": "controlled_entry", "id": wrong["id"]}
    assert answer.headers["Location"].endswith(f"/controlled-register/{made['id']}")
    assert shelf(app, drug.item_id).lots == {lots[0]: 10, lots[1]: 6}
    assert register(pharmacist)[1] == wrong
    again = correct(pharmacist, made, 1, lot_id=str(lots[0]), **witnessed(manager))
    assert again.json["data"]["balance"] == 17
    assert shelf(app, drug.item_id).lots == {lots[0]: 11, lots[1]: 6}
    assert_register_is_right(app)
    assert reconciled(app).differences == []


def test_what_a_correction_refuses(app, manager, pharmacist):
    make_controlled(app, stock=3)
    other = make_drug(app)
    foreign = receive(app, other.item_id, 3)
    (entry,) = register(pharmacist)
    stand_by = witnessed(manager)
    refused(correct(pharmacist, entry, 0, **stand_by), 422, "validation_failed", "quantity_changed_by")
    refused(correct(pharmacist, entry, 1, reason=None, **stand_by), 422, "validation_failed", "reason")
    refused(correct(pharmacist, entry, 1, lot_id=str(foreign), **stand_by), 422, "validation_failed", "lot_id")
    refused(correct(pharmacist, entry, -4, **stand_by), 409, "insufficient_stock")
    refused(correct(pharmacist, {"id": NOWHERE.rsplit("/", 1)[1]}, 1, **stand_by), 404, "not_found")
    refused(pharmacist.get(NOWHERE), 404, "not_found")
    technician = signed_in(app, "pharmacy_technician")
    refused(correct(technician, entry, 1, **stand_by), 403, "forbidden")
    assert len(register(pharmacist)) == 1


def test_a_product_that_left_the_register_is_not_corrected_in_it(app, manager, pharmacist):
    drug = make_controlled(app, stock=3)
    (entry,) = register(pharmacist)
    assert adjust(manager, drug, -3, **witnessed(pharmacist)).status_code == 200
    path = f"/medications/{drug.id}"
    version = {"If-Match": pharmacist.get(path).headers["ETag"]}
    answer = pharmacist.patch(path, json={"controlled_schedule": None}, headers=version)
    assert answer.status_code == 200, answer.text
    refused(correct(pharmacist, entry, 1, **witnessed(manager)), 409, "register_closed")


@pytest.mark.parametrize("change", [{"controlled_schedule": None}, {"strength": "30 MG"}])
def test_with_stock_a_drug_stays_in_its_register(app, pharmacist, change):
    drug = make_controlled(app, stock=3)
    path = f"/medications/{drug.id}"
    version = {"If-Match": pharmacist.get(path).headers["ETag"]}
    refused(pharmacist.patch(path, json=change, headers=version), 409, "controlled_in_stock")


def test_with_stock_a_drug_does_not_become_controlled(app, pharmacist):
    drug = make_drug(app, stock=3, prescription_required=True)
    path = f"/medications/{drug.id}"
    version = {"If-Match": pharmacist.get(path).headers["ETag"]}
    refused(pharmacist.patch(path, json={"controlled_schedule": "IV"}, headers=version), 409, "controlled_in_stock")


def test_expired_units_can_be_corrected_too(app, manager, pharmacist):
    drug = make_controlled(app)
    lot = receive(app, drug.item_id, 5, lot_number="A")
    set_lot(app, lot, status="recalled")
    assert correct(pharmacist, register(pharmacist)[0], -5, **witnessed(manager)).status_code == 201
    assert shelf(app, drug.item_id).on_hand == 0
