"""The fee schedule: what the clinic asks for its services, for all staff to read and admins to keep."""

import pytest

from tests.factories.people import signed_in
from tests.patients.support import ids, refused
from tests.patients.test_races import at_once, send

XRAY = {"code": "XR-1", "name": "X-ray, chest", "price": "120.50", "tax_rate": "7.5", "duration_minutes": 15}


@pytest.fixture
def admin(app):
    """Give a client signed in as an admin."""
    return signed_in(app, "admin")


def add(admin, **fields):
    answer = admin.post("/services", json={**XRAY, **fields})
    assert answer.status_code == 201, answer.text
    return answer.json["data"]


def path(service):
    return f"/services/{service['id']}"


def test_every_field_is_kept(admin):
    answer = admin.post("/services", json=XRAY)
    assert answer.status_code == 201, answer.text
    made = answer.json["data"]
    assert {name: made[name] for name in XRAY} == XRAY
    assert (made["is_active"], made["version"]) == (True, 1)
    assert answer.headers["Location"].endswith(path(made))
    shown = admin.get(path(made))
    assert shown.json["data"] == made
    assert shown.headers["ETag"] == '"1"'


def test_the_least_is_code_name_and_price(admin):
    made = admin.post("/services", json={"code": "c", "name": "n", "price": "0"}).json["data"]
    assert (made["price"], made["tax_rate"], made["duration_minutes"]) == ("0.00", "0", None)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"code": ""}, "code"),
        ({"code": "c" * 41}, "code"),
        ({"name": "<b>x</b>"}, "name"),
        ({"price": 120.5}, "price"),
        ({"price": "1.005"}, "price"),
        ({"price": "-0.01"}, "price"),
        ({"price": None}, "price"),
        ({"price": "1e3"}, "price"),
        ({"tax_rate": 7.5}, "tax_rate"),
        ({"tax_rate": "7.555"}, "tax_rate"),
        ({"tax_rate": "100.01"}, "tax_rate"),
        ({"tax_rate": "-1"}, "tax_rate"),
        ({"duration_minutes": 0}, "duration_minutes"),
        ({"duration_minutes": 1441}, "duration_minutes"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_not_valid_is_refused(admin, change, field):
    answer = admin.post("/services", json={**XRAY, **change})
    assert answer.status_code == 422, answer.text
    assert field in answer.json["errors"]
    assert ids(admin.get("/services")) == []


@pytest.mark.parametrize("price", ["0.01", "10000000000000.00"])
@pytest.mark.parametrize("rate", ["0", "100", "0.01", "19"])
def test_prices_and_rates_within_bounds(admin, price, rate):
    made = add(admin, price=price, tax_rate=rate)
    assert (made["price"], made["tax_rate"]) == (price, rate)


def test_a_code_is_taken_whatever_its_capitals(admin):
    add(admin, code="xr-1")
    refused(admin.post("/services", json=XRAY), 409, "service_exists", "code")
    # Signs tell codes apart.
    assert add(admin, code="XR1")["code"] == "XR1"
    other = add(admin, code="XR-2")
    refused(admin.patch(path(other), json={"code": "Xr-1", "version": 1}), 409, "service_exists", "code")
    assert admin.patch(path(other), json={"code": "xr-2", "version": 1}).status_code == 200


def test_a_change_needs_the_version(admin):
    made = add(admin)
    refused(admin.patch(path(made), json={"price": "1.00"}), 428, "version_required")
    refused(admin.patch(path(made), json={"price": "1.00", "version": 2}), 412, "stale_version")
    answer = admin.patch(path(made), json={"price": "1.00"}, headers={"If-Match": '"1"'})
    assert answer.status_code == 200, answer.text
    assert (answer.json["data"]["price"], answer.json["data"]["name"]) == ("1.00", XRAY["name"])
    assert answer.headers["ETag"] == '"2"'


def test_a_service_is_taken_off_the_schedule_and_stays_readable(admin):
    made, kept = add(admin), add(admin, code="B")
    refused(admin.delete(path(made)), 428, "version_required")
    refused(admin.delete(path(made), headers={"If-Match": '"7"'}), 412, "stale_version")
    assert admin.delete(path(made), headers={"If-Match": '"1"'}).status_code == 204
    assert admin.delete(path(made), headers={"If-Match": '"1"'}).status_code == 204
    assert admin.delete(path(made)).status_code == 204
    assert ids(admin.get("/services")) == [kept["id"]]
    assert ids(admin.get("/services?is_active=false")) == [made["id"]]
    assert admin.get(path(made)).json["data"]["is_active"] is False
    assert admin.patch(path(made), json={"is_active": True, "version": 2}).json["data"]["is_active"] is True


@pytest.mark.parametrize(
    ("q", "found"), [("x-ray", 1), ("CHEST", 1), ("xr", 2), ("xr-2", 1), ("chest ray", 1), ("y", 1)]
)
def test_it_is_found_by_words_of_code_and_name(admin, q, found):
    add(admin)
    add(admin, code="XR-2", name="Hand")
    add(admin, code="C", name="Consultation")
    assert len(ids(admin.get("/services", query_string={"q": q}))) == found


def test_what_is_not_there(admin):
    missing = {"id": "0190c6c1-0000-7000-8000-000000000000"}
    refused(admin.get(path(missing)), 404, "not_found")
    refused(admin.patch(path(missing), json={"price": "1", "version": 1}), 404, "not_found")
    refused(admin.delete(path(missing), headers={"If-Match": '"1"'}), 404, "not_found")


def test_staff_read_and_only_admins_keep_it(app, admin):
    made = add(admin)
    cashier = signed_in(app, "cashier")
    assert ids(cashier.get("/services")) == [made["id"]]
    assert cashier.get(path(made)).json["data"] == made
    refused(cashier.patch(path(made), json={"price": "1", "version": 1}), 403, "forbidden")
    refused(signed_in(app, "patient").get(path(made)), 403, "forbidden")


def test_of_many_who_add_one_code_at_once_one_does(live_server, admin):
    answers = at_once(5, lambda _number: send(live_server, admin, "POST", "/services", XRAY))
    assert sorted(status for status, _ in answers) == [201, 409, 409, 409, 409], answers
    assert len(ids(admin.get("/services"))) == 1
