"""The clinic says who it is; its zone and currency are settings; on holidays nobody sees patients."""

import threading
import uuid
from datetime import date, timedelta

import pytest

from server.core.db import db
from server.core.uow import command
from server.modules.doctors import signals
from server.modules.doctors.service import clinic as service
from tests.doctors.support import add, look
from tests.factories.calendar import open_hours
from tests.factories.database import query
from tests.factories.people import signed_in
from tests.patients.support import ids, refused

CHANGED = {
    "name": "St. Mary's & Sons",
    "phone": "+16175550100",
    "email": "desk@clinic.example",
    "letterhead": "<p><strong>St. Mary's</strong><br>12 Mill Lane</p>",
}


def versions(app):
    return [row["calendar_version"] for row in query(app, "SELECT calendar_version FROM doctors ORDER BY id")]


def test_a_fresh_clinic_is_what_the_settings_say(app):
    shown = signed_in(app, "cashier").get("/clinic").json["data"]
    assert uuid.UUID(shown.pop("id"))
    assert shown.pop("created_at") == shown.pop("updated_at")
    assert shown == {
        "name": "Polyclinic",
        "phone": None,
        "email": None,
        "address": None,
        "opening_days": [],
        "letterhead": None,
        "timezone": "Europe/Berlin",
        "currency": "USD",
        "version": 1,
    }


def test_admins_change_it(app, admin):
    answer = admin.patch("/clinic", json=CHANGED, headers={"If-Match": '"1"'})
    assert answer.status_code == 200, answer.text
    assert {name: answer.json["data"][name] for name in CHANGED} == CHANGED
    assert answer.headers["ETag"] == '"2"'
    days = admin.patch("/clinic", json={"opening_days": ["friday", "monday"]}).json["data"]
    assert days["opening_days"] == ["monday", "friday"]
    assert admin.get("/clinic").json["data"] == days
    refused(admin.patch("/clinic", json={"name": "X"}, headers={"If-Match": '"1"'}), 412, "stale_version")
    assert admin.patch("/clinic", json={"name": None}).json["data"]["name"] == "Polyclinic"


def test_the_address_is_changed_part_by_part(admin):
    admin.patch("/clinic", json={"address": {"line1": "12 Mill Lane", "city": "Boston"}})
    changed = admin.patch("/clinic", json={"address": {"city": "Salem", "country": "US"}}).json["data"]["address"]
    assert (changed["line1"], changed["city"], changed["country"], changed["state"]) == (
        *("12 Mill Lane", "Salem", "US"),
        None,
    )
    assert admin.patch("/clinic", json={"address": None}).json["data"]["address"] is None


def test_zone_and_currency_are_settings(admin):
    same = admin.patch("/clinic", json={"timezone": "Europe/Berlin", "currency": "USD"})
    assert same.status_code == 200, same.text
    for name, value in (("timezone", "UTC"), ("currency", "EUR")):
        answer = admin.patch("/clinic", json={name: value, "name": "Other"})
        refused(answer, 422, "read_only", name)
        assert f"CLINIC_{name.upper()}" in answer.json["errors"][name][0]
    assert admin.get("/clinic").json["data"]["name"] == "Polyclinic"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("opening_days", ["caturday"]),
        ("opening_days", ["monday", "monday"]),
        ("letterhead", "<script>x</script>"),
        ("phone", "x"),
        ("address", {"country": "Narnia"}),
        ("version", "x"),
        ("number", 2),
    ],
)
def test_what_is_refused(admin, name, value):
    answer = admin.patch("/clinic", json={name: value})
    assert answer.status_code == 422, answer.text
    assert any(one.split(".")[0] == name for one in answer.json["errors"])


def test_holidays_are_added_listed_and_removed(app, admin):
    first, second = add(admin), add(admin, last_name="Other")
    assert versions(app) == [0, 0]
    made = admin.post("/clinic/holidays", json={"date": "2026-12-25", "name": "Christmas"})
    assert made.status_code == 201, made.text
    holiday = made.json["data"]
    assert (holiday["date"], holiday["name"], holiday["appointments"]) == ("2026-12-25", "Christmas", [])
    assert made.headers["Location"] == f"/api/v1/clinic/holidays/{holiday['id']}"
    assert versions(app) == [1, 1]
    same = admin.post("/clinic/holidays", json={"date": "2026-12-25", "name": "Again"})
    refused(same, 409, "holiday_exists", "date")
    assert versions(app) == [1, 1]
    admin.post("/clinic/holidays", json={"date": "2026-05-01", "name": "Labour Day"})
    nurse = signed_in(app, "nurse")
    listed = nurse.get("/clinic/holidays")
    assert [one["date"] for one in listed.json["data"]] == ["2026-05-01", "2026-12-25"]
    assert ids(nurse.get("/clinic/holidays?from=2026-05-02&to=2026-12-25")) == [holiday["id"]]
    assert ids(nurse.get("/clinic/holidays?sort=-date"))[0] == holiday["id"]
    for _ in range(2):
        assert admin.delete(f"/clinic/holidays/{holiday['id']}").status_code == 204
        assert versions(app) == [3, 3]
    assert len(ids(nurse.get("/clinic/holidays"))) == 1
    # This is no change of what clients write of a doctor.
    assert {admin.get(f"/doctors/{one['id']}").json["data"]["version"] for one in (first, second)} == {1}


def test_a_receiver_tells_of_appointments_or_refuses(app, admin):
    asked = []

    def tell(_sender, *, holiday, actor, on_conflict):
        asked.append((str(holiday.held_on), actor.user_id, on_conflict))
        if on_conflict == "refuse":
            raise service.HolidayExists("Somebody is booked.")
        return [{"id": "x"}]

    with signals.holiday_added.connected_to(tell):
        body = {"date": "2026-12-25", "name": "Christmas"}
        refused(admin.post("/clinic/holidays", json={**body, "on_conflict": "refuse"}), 409, "holiday_exists")
        assert query(app, "SELECT id FROM clinic_holidays") == []
        assert admin.post("/clinic/holidays", json=body).json["data"]["appointments"] == [{"id": "x"}]
    assert asked == [("2026-12-25", admin.user.id, how) for how in ("refuse", "keep")]
    odd = admin.post("/clinic/holidays", json={"date": "2026-12-26", "name": "X", "on_conflict": "later"})
    refused(odd, 422, "validation_failed", "on_conflict")


@pytest.mark.only("postgres")
def test_holidays_at_once_do_not_deadlock(app, admin):
    for number in range(12):
        add(admin, last_name=f"Number{number}")
    failed = []

    def run(number):
        with app.app_context():
            try:
                for turn in range(5):
                    with command("tests.holiday", "holiday"):
                        made, _ = service.add_holiday(
                            actor=None, date=_day(number * 5 + turn), name="Day", on_conflict="keep"
                        )
                        made_id = made.id
                    with command("tests.holiday", "holiday"):
                        service.remove_holiday(holiday_id=made_id)
            except Exception as error:  # noqa: BLE001 - whatever it is, the test says it
                failed.append(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert versions(app) == [40] * 12


def _day(number):
    return date(2026, 6, 1) + timedelta(days=number)


@pytest.mark.parametrize(("last", "first_beyond"), [("1900-01-01", "1899-12-31"), ("2199-12-31", "2200-01-01")])
def test_the_ends_of_the_calendar(app, client, admin, last, first_beyond):
    made = add(admin)
    open_hours(app, uuid.UUID(made["id"]))
    answer = admin.post("/clinic/holidays", json={"date": last, "name": "Far"})
    assert answer.status_code == 201, answer.text
    assert admin.delete(f"/clinic/holidays/{answer.json['data']['id']}").status_code == 204
    beyond = admin.post("/clinic/holidays", json={"date": first_beyond, "name": "Too far"})
    refused(beyond, 422, "validation_failed", "date")
    assert look(client, "/doctors", available_on=last).json["data"] == []
    for day in (first_beyond, "0001-01-01", "9999-12-31"):
        refused(look(client, "/doctors", available_on=day), 422, "validation_failed", "available_on")
