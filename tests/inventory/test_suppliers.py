"""Suppliers: unique by name, and kept for what was bought of them."""

import pytest

from tests.factories.people import signed_in
from tests.factories.stock import make_item
from tests.inventory.http import NOWHERE, add, version
from tests.patients.support import ids, refused

WHOLE = {
    "name": "Müller & Söhne",
    "contact_name": "Ann O'Brien",
    "email": "sales@example.com",
    "phone": "+16175550100",
    "address": "1 High St\nBoston",
    "notes": "Closed < 9:00",
}


@pytest.fixture
def technician(app, clock):
    """Give a client signed in as a technician."""
    return signed_in(app, "technician")


def test_every_field_is_kept(technician):
    answer = technician.post("/suppliers", json=WHOLE)
    assert answer.status_code == 201, answer.text
    made = answer.json["data"]
    assert {name: made[name] for name in WHOLE} == WHOLE
    assert (made["is_active"], made["version"]) == (True, 1)
    assert technician.get(f"/suppliers/{made['id']}").json["data"] == made


def test_a_name_is_one_suppliers_whatever_its_capitals(technician):
    made = technician.post("/suppliers", json={"name": "Acme"}).json["data"]
    other = technician.post("/suppliers", json={"name": "Other"}).json["data"]
    refused(technician.post("/suppliers", json={"name": " ACME"}), 409, "supplier_exists", "name")
    refused(technician.patch(f"/suppliers/{other['id']}", json={"name": "aCmE"}), 409, "supplier_exists", "name")
    assert technician.patch(f"/suppliers/{made['id']}", json={"name": "ACME"}).json["data"]["name"] == "ACME"


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "name"), ({"name": "<b>"}, "name"), ({"name": "x", "email": "no"}, "email"), ({"name": "x", "x": 1}, "x")],
)
def test_what_is_not_valid_is_refused(technician, body, field):
    refused(technician.post("/suppliers", json=body), 422, technician.post("/suppliers", json=body).json["code"], field)


def test_a_stale_version_is_refused(technician):
    made = technician.post("/suppliers", json={"name": "Acme"}).json["data"]
    where = f"/suppliers/{made['id']}"
    assert technician.patch(where, json={"notes": "x"}, headers=version(1)).status_code == 200
    refused(technician.patch(where, json={"notes": "y"}, headers=version(1)), 412, "stale_version")


def test_one_that_is_deleted_is_out_of_use_and_stays(app, technician):
    made = technician.post("/suppliers", json={"name": "Acme"}).json["data"]
    item = add(technician, supplier_id=made["id"])
    where = f"/suppliers/{made['id']}"
    assert technician.delete(where).status_code == 204
    assert technician.delete(where).status_code == 204
    assert technician.get(where).json["data"]["is_active"] is False
    assert technician.get(f"/items/{item['id']}").json["data"]["supplier_id"] == made["id"]
    assert ids(technician.get("/suppliers")) == []
    assert ids(technician.get("/suppliers?is_active=false")) == [made["id"]]
    gauze = make_item(app)
    body = {"supplier_id": made["id"], "lines": [{"item_id": str(gauze), "quantity": 1}]}
    refused(technician.post("/orders", json=body), 422, "validation_failed", "supplier_id")
    assert technician.patch(where, json={"is_active": True}).json["data"]["is_active"] is True


def test_they_are_found_by_parts_of_their_names(technician):
    made = {name: technician.post("/suppliers", json={"name": name}).json["data"]["id"] for name in ("Acme Inc", "Bo")}
    assert ids(technician.get("/suppliers?q=INC ac")) == [made["Acme Inc"]]
    assert ids(technician.get("/suppliers?sort=-name")) == [made["Bo"], made["Acme Inc"]]


def test_who_may(app, technician):
    made = technician.post("/suppliers", json={"name": "Acme"}).json["data"]
    nurse, pharmacist = signed_in(app, "nurse"), signed_in(app, "pharmacist")
    assert ids(nurse.get("/suppliers")) == [made["id"]]
    refused(pharmacist.post("/suppliers", json={"name": "x"}), 403, "forbidden")
    refused(nurse.delete(f"/suppliers/{made['id']}"), 403, "forbidden")
    refused(nurse.get(f"/suppliers/{NOWHERE}"), 404, "not_found")
    refused(signed_in(app, "patient").get("/suppliers"), 403, "forbidden")
