"""Categories: headings under which items are kept."""

from uuid import UUID

import pytest

from tests.factories.people import signed_in
from tests.factories.stock import make_item, set_item
from tests.inventory.http import NOWHERE, version
from tests.patients.support import ids, refused


@pytest.fixture
def technician(app):
    """Give a client signed in as a technician."""
    return signed_in(app, "technician")


def add(someone, name="Dressings", **fields):
    answer = someone.post("/categories", json={"name": name, **fields})
    assert answer.status_code == 201, answer.text
    return answer.json["data"]


def path(category):
    return f"/categories/{category['id']}"


def test_a_category_is_added_renamed_and_read(technician):
    made = add(technician)
    assert technician.get(path(made)).json["data"] == made
    for send in (technician.put, technician.patch):
        made = send(path(made), json={"name": f"Bandages {made['version']}", "version": made["version"]}).json["data"]
    assert (made["name"], made["version"]) == ("Bandages 2", 3)
    refused(technician.patch(path(made), json={"name": "x", "version": 1}), 412, "stale_version")
    refused(technician.get(f"/categories/{NOWHERE}"), 404, "not_found")
    refused(technician.patch(f"/categories/{NOWHERE}", json={"name": "x"}), 404, "not_found")


@pytest.mark.parametrize("name", ["dressings", "DRESSINGS", " Dressings  "])
def test_a_name_is_taken_whatever_its_capitals(technician, name):
    add(technician)
    refused(technician.post("/categories", json={"name": name}), 409, "category_exists", "name")
    other = add(technician, "Gloves")
    refused(technician.patch(path(other), json={"name": name}), 409, "category_exists", "name")
    # A sign makes another name.
    assert add(technician, "Dressings +")["name"] == "Dressings +"


@pytest.mark.parametrize("name", ["", " ", None, 5, "x" * 101, "<b>x</b>"])
def test_what_is_no_name(technician, name):
    refused(technician.post("/categories", json={"name": name}), 422, code_for(name), "name")


def code_for(name):
    return "markup_not_allowed" if isinstance(name, str) and "<" in name else "validation_failed"


def test_the_longest_name_fits_whatever_it_folds_to(technician):
    assert add(technician, "ΐ" * 100)["name"] == "ΐ" * 100


def test_they_are_found_by_words(technician):
    kept = add(technician, "Wound dressings")
    add(technician, "Gloves")
    assert ids(technician.get("/categories?q=DRESS wound")) == [kept["id"]]
    assert len(ids(technician.get("/categories"))) == 2


def test_how_many_items_in_use_each_has(app, technician):
    dressings, gloves = add(technician), add(technician, "Gloves")
    for _ in range(2):
        make_item(app, category_id=UUID(dressings["id"]))
    set_item(app, make_item(app, category_id=UUID(gloves["id"])), is_active=False)
    assert technician.get("/categories/count").json["data"] == [
        {"id": dressings["id"], "name": "Dressings", "count": 2},
        {"id": gloves["id"], "name": "Gloves", "count": 0},
    ]


def test_one_in_use_is_removed_once_its_items_go_elsewhere(app, technician):
    old, new = add(technician), add(technician, "Wound care")
    item = technician.post("/items", json={"name": "Gauze", "kind": "supply", "category_id": old["id"]}).json["data"]
    refused(technician.delete(path(old)), 409, "category_in_use")
    for nowhere in (NOWHERE, old["id"]):
        refused(technician.delete(f"{path(old)}?move_to={nowhere}"), 422, "validation_failed", "move_to")
    refused(technician.delete(f"{path(old)}?move_to={new['id']}", headers=version(7)), 412, "stale_version")
    assert technician.delete(f"{path(old)}?move_to={new['id']}").status_code == 204
    assert technician.delete(f"{path(old)}?move_to={new['id']}", headers=version(7)).status_code == 204
    moved = technician.get(f"/items/{item['id']}").json["data"]
    assert (moved["category_id"], moved["version"]) == (new["id"], 2)
    refused(technician.get(path(old)), 404, "not_found")
    assert technician.delete(path(add(technician, "Empty"))).status_code == 204


def test_all_staff_read_and_only_keepers_write(app, technician):
    made = add(technician)
    doctor = signed_in(app, "doctor")
    assert doctor.get(path(made)).json["data"] == made
    refused(doctor.patch(path(made), json={"name": "x"}), 403, "forbidden")
    assert signed_in(app, "pharmacist").patch(path(made), json={"name": "x"}).status_code == 200
