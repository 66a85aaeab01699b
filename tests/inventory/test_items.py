"""Items: what is kept in stock, by whom it is written, and how it is found."""

from datetime import date
from uuid import UUID

import pytest

from server.core.ids import new_id
from server.modules.inventory import signals
from tests.factories.people import signed_in
from tests.factories.stock import make_item, receive, set_lot
from tests.inventory.http import LEAST, NOWHERE, add, path, version
from tests.patients.support import ids, refused

WHOLE = {
    **LEAST,
    "brand": "Hartmann",
    "sku": "GZ-10/10",
    "barcode": "4049500 123456",
    "unit": "pad",
    "pack_size": 50,
    "reorder_point": 20,
    "target_level": 200,
    "is_critical": True,
    "unit_cost": "0.12",
    "purchase_link": "https://example.com/gauze?size=10&x=<1>",
    "image": "http://example.com/gauze.png",
    "notes": "Keep dry.\nBP <90 & O'Brien",
}


@pytest.fixture
def manager(app, clock):
    """Give a client signed in as a pharmacy manager, who keeps everything."""
    return signed_in(app, "pharmacy_manager")


@pytest.fixture
def technician(app, clock):
    """Give a client signed in as a technician, who keeps supplies and equipment."""
    return signed_in(app, "technician")


def test_every_field_is_kept(technician):
    category = technician.post("/categories", json={"name": "Dressings"}).json["data"]["id"]
    chosen = str(new_id())
    answer = technician.post("/items", json={**WHOLE, "category_id": category, "id": chosen})
    assert answer.status_code == 201, answer.text
    made = answer.json["data"]
    assert {name: made[name] for name in WHOLE} == WHOLE
    assert (made["id"], made["category_id"], made["minimum_stock"]) == (chosen, category, 20)
    assert (made["quantity"], made["available"], made["is_active"], made["version"]) == (0, 0, True, 1)
    assert answer.headers["Location"].endswith(path(made))
    shown = technician.get(path(made))
    assert shown.json["data"] == made
    assert shown.headers["ETag"] == '"1"'
    assert technician.get(f"/inventory/{chosen}").json["data"] == made


def test_the_least_is_a_name_and_a_kind(technician):
    made = add(technician)
    assert (made["unit"], made["pack_size"], made["reorder_point"], made["unit_cost"]) == ("piece", 1, 0, "0.00")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "<b>x</b>"}, "name"),
        ({"name": None}, "name"),
        ({"kind": "drug"}, "kind"),
        ({"pack_size": 0}, "pack_size"),
        ({"reorder_point": -1}, "reorder_point"),
        ({"minimum_stock": "5"}, "minimum_stock"),
        ({"reorder_point": 5, "minimum_stock": 6}, "minimum_stock"),
        ({"unit_cost": "-1"}, "unit_cost"),
        ({"unit_cost": 1.5}, "unit_cost"),
        ({"unit_cost": "0.001"}, "unit_cost"),
        ({"category_id": str(NOWHERE)}, "category_id"),
        ({"supplier_id": str(NOWHERE)}, "supplier_id"),
        ({"purchase_link": "javascript:alert(1)"}, "purchase_link"),
        ({"purchase_link": "ftp://example.com/x"}, "purchase_link"),
        ({"purchase_link": "//example.com/x"}, "purchase_link"),
        ({"purchase_link": "https://"}, "purchase_link"),
        ({"purchase_link": "https://[x"}, "purchase_link"),
        ({"purchase_link": "https://exa mple.com"}, "purchase_link"),
        ({"image": "data:image/png;base64,AAAA"}, "image"),
        ({"quantity": 5}, "quantity"),
        ({"available": 5}, "available"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_not_valid_is_refused(technician, change, field):
    answer = technician.post("/items", json={**LEAST, **change})
    assert answer.status_code == 422, answer.text
    assert field in answer.json["errors"]
    assert ids(technician.get("/items")) == []


def test_minimum_stock_is_the_reorder_point(technician):
    made = add(technician, minimum_stock=7)
    assert (made["reorder_point"], made["minimum_stock"]) == (7, 7)
    made = technician.patch(path(made), json={"minimum_stock": 8, "version": 1}).json["data"]
    assert made["reorder_point"] == 8
    # Read, edited under either name, and sent back.
    made = technician.put(path(made), json={**made, "minimum_stock": 9}).json["data"]
    made = technician.put(path(made), json={**made, "reorder_point": 10}).json["data"]
    assert (made["reorder_point"], made["minimum_stock"]) == (10, 10)
    whole = {name: made[name] for name in ("name", "kind", "version")}
    assert technician.put(path(made), json=whole).json["data"]["reorder_point"] == 0


def test_a_number_is_one_items(technician):
    add(technician, sku="S-1")
    refused(technician.post("/items", json={**LEAST, "sku": "S-1"}), 409, "sku_taken", "sku")


def test_a_change_needs_the_version(technician):
    made = add(technician)
    refused(technician.patch(path(made), json={"name": "x"}), 428, "version_required")
    refused(technician.patch(path(made), json={"name": "x", "version": 2}), 412, "stale_version")
    answer = technician.patch(path(made), json={"name": "x"}, headers=version(1))
    assert (answer.json["data"]["name"], answer.json["data"]["unit"]) == ("x", "piece")
    assert answer.headers["ETag"] == '"2"'


def test_movements_do_not_change_the_version(app, technician):
    made = add(technician)
    receive(app, UUID(made["id"]), 5)
    shown = technician.get(path(made)).json["data"]
    assert (shown["version"], shown["quantity"]) == (1, 5)
    assert technician.patch(path(made), json={"name": "x", "version": 1}).status_code == 200


def test_an_item_goes_out_of_use_once_there_is_none_of_it(app, technician):
    gauze, empty = make_item(app, stock=5), add(technician)
    refused(technician.delete(path(gauze)), 428, "version_required")
    refused(technician.delete(path(gauze), headers=version(1)), 409, "item_in_stock")
    refused(technician.patch(path(gauze), json={"is_active": False, "version": 1}), 409, "item_in_stock")
    assert technician.delete(path(empty), headers=version(1)).status_code == 204
    assert technician.delete(path(empty), headers=version(1)).status_code == 204
    assert technician.delete(path(empty)).status_code == 204
    assert ids(technician.get("/items")) == [str(gauze)]
    assert ids(technician.get("/items?is_active=false")) == [empty["id"]]
    assert technician.get(path(empty)).json["data"]["is_active"] is False
    again = technician.patch(path(empty), json={"is_active": True, "version": 2})
    assert again.json["data"]["is_active"] is True


def test_technicians_keep_supplies_and_equipment(app, technician, manager):
    refused(technician.post("/items", json={**LEAST, "kind": "medication"}), 403, "forbidden")
    drug = make_item(app, kind="medication")
    assert technician.get(path(drug)).status_code == 200
    for send in (technician.patch, technician.put):
        refused(send(path(drug), json={**LEAST, "version": 1}), 404, "not_found")
    refused(technician.delete(path(drug), headers=version(1)), 404, "not_found")
    gauze = add(technician)
    refused(technician.patch(path(gauze), json={"kind": "medication", "version": 1}), 403, "forbidden")
    assert technician.patch(path(gauze), json={"kind": "equipment", "version": 1}).status_code == 200
    assert manager.patch(path(drug), json={"name": "Aspirin", "version": 1}).status_code == 200
    assert manager.post("/items", json={**LEAST, "kind": "medication"}).status_code == 201
    refused(signed_in(app, "pharmacist").patch(path(gauze), json={"name": "x", "version": 2}), 403, "forbidden")


def test_medication_stays_medication(app, manager):
    drug, gauze = make_item(app, kind="medication"), make_item(app)
    refused(manager.patch(path(drug), json={"kind": "supply", "version": 1}), 422, "validation_failed", "kind")
    refused(manager.patch(path(gauze), json={"kind": "medication", "version": 1}), 422, "validation_failed", "kind")


def test_who_stands_on_an_item_hears_of_changes(app, manager):
    told = []
    drug = make_item(app, kind="medication", name="Aspirin")

    def note(_sender, *, item, changed):
        told.append((item.id, set(changed)))

    with signals.item_changed.connected_to(note):
        manager.patch(path(drug), json={"name": "Aspirin 500", "unit": "piece", "version": 1})
        manager.patch(path(drug), json={"name": "Aspirin 500", "version": 2})
        manager.delete(path(drug), headers=version(2))
    assert told == [(drug, {"name"}), (drug, {"is_active"})]


@pytest.fixture
def shelf_of_four(app, clock):
    """Give what is low, what is out, what is blocked and what there is plenty of."""
    low = make_item(app, name="A low", reorder_point=5, stock=5, is_critical=True)
    out = make_item(app, name="B out")
    blocked = make_item(app, name="C blocked", kind="equipment")
    set_lot(app, receive(app, blocked, 9), status="quarantined")
    receive(app, blocked, 3, expires_on=date(2026, 3, 1))
    plenty = make_item(app, name="D plenty", reorder_point=5, brand="Acme", sku="PL-77", barcode="40 1234")
    receive(app, plenty, 6, expires_on=date(2026, 4, 1))
    return {"low": str(low), "out": str(out), "blocked": str(blocked), "plenty": str(plenty)}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "low out blocked plenty"),
        ("low_stock=true", "low out blocked"),
        ("low_stock=false", "plenty"),
        ("out_of_stock=true", "out blocked"),
        ("out_of_stock=false", "low plenty"),
        ("kind=equipment", "blocked"),
        ("is_critical=true", "low"),
        ("is_critical=false", "out blocked plenty"),
        ("expiring_before=2026-04-01", "blocked"),
        ("expiring_before=2026-04-02", "blocked plenty"),
        ("q=ACME plent", "plenty"),
        ("q=pl77", "plenty"),
        ("q=PL-77", "plenty"),
        ("q=401234", "plenty"),
        ("q=40 1234", "plenty"),
        ("q=zz", ""),
        ("sort=-quantity", "blocked plenty low out"),
        ("sort=created_at", "low out blocked plenty"),
        ("sort=-name", "plenty blocked out low"),
    ],
)
def test_they_are_filtered_and_sorted(technician, shelf_of_four, query, found):
    assert ids(technician.get(f"/items?{query}")) == [shelf_of_four[name] for name in found.split()]


def test_what_is_available_is_usable_and_free(app, technician, shelf_of_four):
    shown = {one["name"]: (one["quantity"], one["available"]) for one in technician.get("/items").json["data"]}
    assert shown == {"A low": (5, 5), "B out": (0, 0), "C blocked": (12, 0), "D plenty": (6, 6)}
    lot = receive(app, make_item(app, name="E"), 9)
    set_lot(app, lot, reserved=4)
    assert technician.get("/items?q=e&sort=-name").json["data"][0]["available"] == 5


def test_all_staff_read_items(app):
    made = make_item(app)
    for role in ("doctor", "receptionist", "cashier"):
        assert signed_in(app, role).get(path(made)).status_code == 200
    refused(signed_in(app, "patient").get(path(made)), 403, "forbidden")
    refused(signed_in(app, "nurse").get(path(NOWHERE)), 404, "not_found")
