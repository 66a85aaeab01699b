"""The catalogue of medication: products on top of items of stock."""

import uuid
from datetime import date

import pytest

from tests.factories.database import query
from tests.factories.people import signed_in
from tests.factories.stock import ledger, receive, set_lot, shelf
from tests.medications.support import AMOXICILLIN, add, path
from tests.patients.support import refused
from tests.patients.test_races import at_once, send

MISSING = "/medications/0190c6c1-0000-7000-8000-000000000000"


def item_of(app, medication):
    (row,) = query(app, "SELECT * FROM items WHERE sku = :sku OR name = :name", sku="AMX-500", name=medication["name"])
    return row


def test_every_field_is_kept(pharmacist):
    answer = pharmacist.post("/medications", json=AMOXICILLIN)
    assert answer.status_code == 201, answer.text
    made = answer.json["data"]
    assert {name: made[name] for name in AMOXICILLIN} == AMOXICILLIN
    assert made["dollars_per_unit"] == made["price_per_unit"] == "0.35"
    assert (made["quantity"], made["available"], made["expiration_date"], made["version"]) == (0, 0, None, 1)
    assert answer.headers["Location"].endswith(path(made))
    shown = pharmacist.get(path(made))
    assert shown.json["data"] == made
    assert shown.headers["ETag"] == '"1"'


def test_the_least_is_a_name(app, pharmacist):
    made = add(pharmacist)
    assert made["prescription_required"] is True
    assert (made["unit"], made["pack_size"], made["reorder_point"], made["is_active"]) == ("piece", 1, 0, True)
    assert (made["price_per_unit"], made["tax_rate"], made["ingredients"], made["brands"]) == ("0.00", "0", [], [])
    item = item_of(app, made)
    assert (item["kind"], item["name"], item["on_hand"]) == ("medication", made["name"], 0)


@pytest.mark.parametrize(
    ("form", "unit"),
    [("Extended Release Oral Tablet", "tablet"), ("Oral Suspension", "ml"), ("Topical Cream", "g"), ("Kit", "piece")],
)
def test_units_are_those_of_the_form_where_nobody_says_them(pharmacist, form, unit):
    assert add(pharmacist, form=form)["unit"] == unit
    assert add(pharmacist, form=form, unit="box")["unit"] == "box"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "<b>x</b>"}, "name"),
        ({"name": "n" * 201}, "name"),
        ({"rxnorm_code": "RX1"}, "rxnorm_code"),
        ({"ingredients": [{"name": ""}]}, "ingredients.0.name"),
        ({"ingredients": [{"name": "zinc", "rxnorm_code": "x"}]}, "ingredients.0.rxnorm_code"),
        ({"ingredients": [{"name": "codeine"}, {"name": "Codeine phosphate"}]}, "ingredients.1.name"),
        ({"ingredients": [{"name": "..."}]}, "ingredients.0.name"),
        ({"ingredients": "codeine"}, "ingredients"),
        ({"drug_classes": ["NSAIDs", "nsaids"]}, "drug_classes.1"),
        ({"drug_classes": ["!"]}, "drug_classes.0"),
        ({"controlled_schedule": "I"}, "controlled_schedule"),
        ({"controlled_schedule": "II", "prescription_required": False}, "prescription_required"),
        ({"price_per_unit": 1.5}, "price_per_unit"),
        ({"price_per_unit": "-1.00"}, "price_per_unit"),
        ({"tax_rate": "101"}, "tax_rate"),
        ({"pack_size": 0}, "pack_size"),
        ({"reorder_point": -1}, "reorder_point"),
        ({"category_id": str(uuid.uuid4())}, "category_id"),
        ({"quantity": -1}, "quantity"),
        ({"expiration_date": "2027-01-31"}, "quantity"),
        ({"quantity": 0, "lot_number": "L1"}, "quantity"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_not_valid_is_refused(app, pharmacist, change, field):
    answer = pharmacist.post("/medications", json={**AMOXICILLIN, **change})
    assert answer.status_code == 422, answer.text
    assert field in answer.json["errors"]
    assert query(app, "SELECT id FROM items") == query(app, "SELECT id FROM medications") == []


@pytest.mark.parametrize("field", ["item_id", "dollars_per_unit", "available", "version_of"])
def test_what_only_the_server_writes(pharmacist, field):
    answer = pharmacist.post("/medications", json={**AMOXICILLIN, field: "1"})
    assert answer.status_code == 422
    assert field in answer.json["errors"]


def test_one_medication_per_rxnorm_code(pharmacist):
    first = add(pharmacist, rxnorm_code="308191")
    refused(pharmacist.post("/medications", json={**AMOXICILLIN}), 409, "rxnorm_code_taken", "rxnorm_code")
    other = add(pharmacist)
    change = {"rxnorm_code": "308191", "version": 1}
    refused(pharmacist.patch(path(other), json=change), 409, "rxnorm_code_taken", "rxnorm_code")
    # One that was taken out of the catalogue keeps its code.
    assert pharmacist.delete(path(first), headers={"If-Match": '"1"'}).status_code == 204
    refused(pharmacist.patch(path(other), json=change), 409, "rxnorm_code_taken", "rxnorm_code")


def test_one_item_per_number(pharmacist):
    add(pharmacist, sku="A1")
    refused(pharmacist.post("/medications", json={"name": "x", "sku": "A1"}), 409, "sku_taken", "sku")


def test_an_id_of_ones_own(pharmacist):
    mine = "0190c6c1-0000-7000-8000-0000000000aa"
    assert add(pharmacist, id=mine)["id"] == mine
    refused(pharmacist.post("/medications", json={"name": "x", "id": mine}), 409, "id_taken")


def test_what_there_is_becomes_the_first_lot(app, manager):
    made = add(manager, quantity=40, expiration_date="2027-01-31", lot_number="L-7")
    assert (made["quantity"], made["available"], made["expiration_date"]) == (40, 40, "2027-01-31")
    (lot,) = query(app, "SELECT * FROM lots")
    assert (lot["lot_number"], lot["on_hand"], lot["status"]) == ("L-7", 40, "available")
    (line,) = ledger(app, uuid.UUID(made["item_id"]))
    assert (line["quantity_changed_by"], line["activity_type"]) == (40, "add")
    assert str(line["user_id"]) == str(manager.user.id)
    assert (line["document_type"], str(line["document_id"])) == ("medication", made["id"])


@pytest.mark.parametrize("role", ["pharmacist", "admin"])
def test_a_first_lot_takes_the_right_to_receive_medication(app, role):
    someone = signed_in(app, role)
    body = {**AMOXICILLIN, "quantity": 1, "expiration_date": "2027-01-31"}
    refused(someone.post("/medications", json=body), 403, "forbidden")
    assert query(app, "SELECT id FROM items") == query(app, "SELECT id FROM medications") == []
    assert add(someone, quantity=0)["quantity"] == 0


def test_a_first_lot_of_a_controlled_drug_is_witnessed(app, manager, pharmacist):
    witness = {"identifier": pharmacist.user.email, "password": pharmacist.user.password}
    made = add(manager, controlled_schedule="II", quantity=5, witness=witness)
    (line,) = ledger(app, uuid.UUID(made["item_id"]))
    assert str(line["witness_id"]) == str(pharmacist.user.id)
    wrong = {"name": "x", "controlled_schedule": "II", "quantity": 5, "witness": {**witness, "password": "wrong"}}
    refused(manager.post("/medications", json=wrong), 403, "witness_refused")
    alone = {"identifier": manager.user.email, "password": manager.user.password}
    refused(manager.post("/medications", json={**wrong, "witness": alone}), 422, "witness_same_person")


def test_an_expired_first_lot_may_not_be_handed_out(app, manager):
    made = add(manager, quantity=40, expiration_date="2026-03-01")
    assert (made["quantity"], made["expiration_date"]) == (0, None)
    assert [lot["status"] for lot in query(app, "SELECT status FROM lots")] == ["quarantined"]


def test_what_counts_may_be_handed_out_today(app, clock, manager):
    made = add(manager)
    item_id = uuid.UUID(made["item_id"])
    first = receive(app, item_id, 5, expires_on=date.fromisoformat("2026-03-02"))
    receive(app, item_id, 7)
    receive(app, item_id, 11, expires_on=date.fromisoformat("2026-06-30"))
    blocked = receive(app, item_id, 13, expires_on=date.fromisoformat("2026-04-30"))
    set_lot(app, blocked, status="recalled")
    set_lot(app, first, reserved=2)
    shown = manager.get(path(made)).json["data"]
    assert (shown["quantity"], shown["available"], shown["expiration_date"]) == (23, 21, "2026-03-02")
    # The last day ends at midnight of the clinic's zone.
    clock.move_to("2026-03-03T12:00:00+00:00")
    later = signed_in(app, "pharmacy_manager").get(path(made)).json["data"]
    assert (later["quantity"], later["expiration_date"]) == (18, "2026-06-30")
    assert shelf(app, item_id).on_hand == 36


def test_put_replaces_and_takes_what_get_shows(pharmacist):
    made = add(pharmacist, **AMOXICILLIN)
    shown = pharmacist.get(path(made)).json["data"]
    answer = pharmacist.put(path(made), json={**shown, "strength": "250 MG"})
    assert answer.status_code == 200, answer.text
    now = answer.json["data"]
    assert {**now, "version": 1, "updated_at": None} == {**made, "strength": "250 MG", "updated_at": None}
    assert now["version"] == 2
    bare = pharmacist.put(path(made), json={"name": "Plain", "version": 2}).json["data"]
    least = ("", None, [], 0, 1, "0", "0.00")
    kept = {"name", "prescription_required", "is_active", "unit"}
    assert all(bare[name] in least for name in AMOXICILLIN if name not in kept), bare
    assert (bare["prescription_required"], bare["is_active"], bare["unit"]) == (True, True, "piece")


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Amoxicillin"},
        {"price_per_unit": "1.00"},
        {"reorder_point": 5},
        {"barcode": None},
        {"ingredients": [{"name": "zinc", "rxnorm_code": None}]},
        {"drug_classes": []},
        {"brands": ["B"]},
    ],
)
def test_patch_changes_what_is_sent_and_nothing_else(pharmacist, change):
    made = add(pharmacist, **AMOXICILLIN)
    answer = pharmacist.patch(path(made), json={**change, "version": 1})
    assert answer.status_code == 200, answer.text
    now = answer.json["data"]
    changed = {name for name in made if made[name] != now[name]}
    assert changed - {"updated_at", "dollars_per_unit"} == {*change, "version"}
    assert (now["version"], pharmacist.get(path(made)).json["data"]) == (2, now)


@pytest.mark.parametrize("field", ["quantity", "expiration_date", "item_id", "lot_number", "witness"])
def test_stock_is_not_changed_by_writing_to_the_product(pharmacist, field):
    made = add(pharmacist)
    answer = pharmacist.patch(path(made), json={field: None, "version": 1})
    assert answer.status_code == 422
    assert field in answer.json["errors"]


def test_a_change_needs_the_version(pharmacist):
    made = add(pharmacist)
    refused(pharmacist.patch(path(made), json={"strength": "1 MG"}), 428, "version_required")
    refused(pharmacist.patch(path(made), json={"strength": "1 MG", "version": 2}), 412, "stale_version")
    refused(pharmacist.put(path(made), json={"name": "x"}), 428, "version_required")
    assert pharmacist.patch(path(made), json={"strength": "1 MG"}, headers={"If-Match": '"1"'}).status_code == 200


def test_its_item_goes_by_its_name(app, pharmacist):
    made = add(pharmacist, **AMOXICILLIN)
    pharmacist.patch(path(made), json={"name": "Ospamox", "version": 1})
    item = item_of(app, made)
    assert (item["name"], item["name_key"], "ospamox" in item["search_text"]) == ("Ospamox", "ospamox", True)
    pharmacist.put(path(made), json={**AMOXICILLIN, "name": "Clamox", "version": 2})
    assert item_of(app, made)["name"] == "Clamox"


def test_it_follows_its_item(app, manager):
    made = add(manager, **AMOXICILLIN)
    where = f"/items/{made['item_id']}"
    answer = manager.patch(where, json={"name": "Ospamox", "barcode": "77", "version": 1})
    assert answer.status_code == 200, answer.text
    shown = manager.get(path(made)).json["data"]
    assert (shown["name"], shown["barcode"], shown["version"]) == ("Ospamox", "77", 2)
    assert [one["id"] for one in manager.get("/medications?q=77").json["data"]] == [made["id"]]
    assert manager.delete(where, headers={"If-Match": '"2"'}).status_code == 204
    assert manager.get(path(made)).json["data"]["is_active"] is False


def test_taken_out_of_the_catalogue_with_its_item_and_put_back(app, manager):
    made = add(manager, quantity=3, sku="AMX-500")
    refused(manager.delete(path(made)), 428, "version_required")
    refused(manager.delete(path(made), headers={"If-Match": '"9"'}), 412, "stale_version")
    for _ in range(2):
        assert manager.delete(path(made), headers={"If-Match": '"1"'}).status_code == 204
    shown = manager.get(path(made)).json["data"]
    assert (shown["is_active"], shown["quantity"]) == (False, 3)
    assert not item_of(app, made)["is_active"]
    assert manager.get("/medications").json["data"] == []
    assert [one["id"] for one in manager.get("/medications?is_active=false").json["data"]] == [made["id"]]
    assert manager.patch(path(made), json={"is_active": True, "version": 2}).json["data"]["is_active"] is True
    assert item_of(app, made)["is_active"]


def test_a_controlled_drug_in_stock_stays_the_drug_that_its_register_counts(app, manager):
    made = add(manager, strength="5 MG", controlled_schedule="II")
    assert manager.patch(path(made), json={"strength": "10 MG", "version": 1}).status_code == 200
    receive(app, uuid.UUID(made["item_id"]), 5)
    refused(manager.patch(path(made), json={"strength": "20 MG", "version": 2}), 409, "controlled_in_stock")
    refused(manager.patch(path(made), json={"controlled_schedule": None, "version": 2}), 409, "controlled_in_stock")
    assert manager.patch(path(made), json={"controlled_schedule": "III", "version": 2}).status_code == 200
    other = add(manager)
    receive(app, uuid.UUID(other["item_id"]), 5)
    refused(manager.patch(path(other), json={"controlled_schedule": "IV", "version": 1}), 409, "controlled_in_stock")
    change = {"prescription_required": False, "version": 3}
    refused(manager.patch(path(made), json=change), 422, "validation_failed", "prescription_required")


def test_the_same_drug_is_known_whoever_makes_it(app, pharmacist):
    drug = {"form": "Oral Tablet", "strength": "0.50 MG", "ingredients": [{"name": "Clonazepam"}]}
    for name, change in {
        "A": {},
        "B": {"strength": "0.5mg", "form": "oral tablet"},
        "C": {"strength": "5 MG"},
        "D": {"form": "Oral Solution"},
        "E": {"ingredients": [{"name": "Clobazam"}]},
    }.items():
        add(pharmacist, **{**drug, **change, "name": name})
    keys = {row["name"]: row["drug_key"] for row in query(app, "SELECT name, drug_key FROM medications")}
    assert keys["A"] == keys["B"]
    assert len(set(keys.values())) == 4


def test_what_is_not_there(pharmacist):
    refused(pharmacist.get(MISSING), 404, "not_found")
    refused(pharmacist.patch(MISSING, json={"name": "x", "version": 1}), 404, "not_found")
    refused(pharmacist.delete(MISSING, headers={"If-Match": '"1"'}), 404, "not_found")


def test_of_many_who_add_one_code_at_once_one_does(live_server, pharmacist):
    body = {"name": "Amoxil", "rxnorm_code": "308191"}
    answers = at_once(5, lambda _number: send(live_server, pharmacist, "POST", "/medications", body))
    assert sorted(status for status, _ in answers) == [201, 409, 409, 409, 409], answers
