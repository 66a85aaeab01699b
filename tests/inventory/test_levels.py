"""What expires, stock as a whole, and who is told of it by and by."""

from datetime import date, timedelta

import pytest

from server.modules.inventory import tasks
from tests.factories.database import query
from tests.factories.people import make_user, signed_in
from tests.factories.stock import make_item, receive, set_item, set_lot
from tests.inventory.http import path, stock
from tests.patients.support import ids, refused

TODAY = date(2026, 3, 2)


@pytest.fixture
def nurse(app, clock):
    """Give a client signed in as a nurse."""
    return signed_in(app, "nurse")


def days(number):
    return TODAY + timedelta(days=number)


def test_what_expires_is_listed(app, nurse):
    gauze, drug = make_item(app, name="Gauze"), make_item(app, name="Aspirin", kind="medication", unit="tablet")
    over = receive(app, gauze, 3, expires_on=days(-1), lot_number="OLD")
    today = receive(app, gauze, 3, expires_on=days(0))
    soon = receive(app, drug, 4, expires_on=days(30))
    later = receive(app, drug, 4, expires_on=days(31))
    receive(app, gauze, 5)
    set_lot(app, receive(app, make_item(app), 1, expires_on=days(1)), on_hand=0)
    for asked, found in (
        ("", [over, today, soon]),
        ("?days=31", [over, today, soon, later]),
        ("?days=0", [over, today]),
        ("?is_expired=true", [over]),
        ("?is_expired=false", [today, soon]),
        ("?kind=medication", [soon]),
        ("?sort=-expires_on", [soon, today, over]),
    ):
        assert ids(nurse.get(f"/items/expiring{asked}")) == [str(one) for one in found], asked
    first, *_, last = nurse.get("/items/expiring").json["data"]
    assert (first["item_name"], first["lot_number"], first["days_left"], first["is_expired"]) == (
        "Gauze",
        "OLD",
        -1,
        True,
    )
    assert (last["item_id"], last["kind"], last["unit"], last["days_left"]) == (str(drug), "medication", "tablet", 30)
    assert (last["on_hand"], last["available"], last["is_expired"]) == (4, 4, False)
    for wrong in ("-1", "3651", "soon"):
        refused(nurse.get(f"/items/expiring?days={wrong}"), 422, "validation_failed", "days")


def test_how_far_one_looks_is_a_setting(app, make_app, nurse):
    receive(app, make_item(app), 1, expires_on=days(60))
    assert ids(nurse.get("/items/expiring")) == []
    other = signed_in(make_app(EXPIRY_WARNING_DAYS="60"), user=nurse.user)
    assert len(ids(other.get("/items/expiring"))) == 1


def test_stock_as_a_whole(app, nurse):
    admin = signed_in(app, "admin")
    heading = admin.post("/categories", json={"name": "Dressings"}).json["data"]["id"]
    gauze = make_item(app, reorder_point=5, unit_cost=100, is_critical=True)
    admin.patch(path(gauze), json={"category_id": heading, "version": 1})
    receive(app, gauze, 3)
    receive(app, gauze, 2, unit_cost=150, expires_on=days(10))
    set_lot(app, receive(app, make_item(app, kind="medication", reorder_point=1), 4, unit_cost=1), status="on_hold")
    receive(app, make_item(app), 2, unit_cost=7, expires_on=days(-1))
    set_item(app, make_item(app), is_active=False)
    answer = nurse.get("/items/stats")
    assert answer.status_code == 200, answer.text
    assert answer.json["data"] == {
        "total_items": 3,
        "total_value": "6.18",
        "low_stock": 3,
        "out_of_stock": 2,
        "critical_low": 1,
        "expiring": 1,
        "expired": 1,
        "days": 30,
        "by_kind": {"medication": 1, "supply": 2},
        "by_category": [
            {
                "category_id": heading,
                "name": "Dressings",
                "items": 1,
                "value": "6.00",
                "low_stock": 1,
                "out_of_stock": 0,
            },
            {"category_id": None, "name": None, "items": 2, "value": "0.18", "low_stock": 2, "out_of_stock": 2},
        ],
    }
    assert nurse.get("/items/stats?days=9").json["data"]["expiring"] == 0


def test_stock_is_worth_more_than_a_database_counts(app, nurse):
    for _ in range(2):
        receive(app, make_item(app), 2**31 - 1, unit_cost=10**15)
    worth = nurse.get("/items/stats").json["data"]["total_value"]
    assert worth == f"{2 * (2**31 - 1) * 10**13}.00"


def test_what_only_a_catalogue_lists_is_neither_low_nor_out(app, nurse):
    listed = make_item(app, name="Listed", kind="medication", unit="tablet")
    wanted = make_item(app, name="Wanted", kind="medication", unit="tablet", reorder_point=5)
    supply = make_item(app, name="Supply")
    used_up = make_item(app, name="Used up", kind="medication", unit="tablet")
    set_lot(app, receive(app, used_up, 1), on_hand=0)
    found = sorted(str(one) for one in (wanted, supply, used_up))
    for asked in ("/items?low_stock=true", "/items?out_of_stock=true", "/items/low-stock"):
        assert sorted(ids(nurse.get(asked))) == found, asked
    assert ids(nurse.get("/items?low_stock=false")) == ids(nurse.get("/items?out_of_stock=false")) == [str(listed)]
    stats = nurse.get("/items/stats").json["data"]
    assert (stats["low_stock"], stats["out_of_stock"]) == (3, 3)


def test_an_empty_house_has_figures_too(app, nurse):
    found = nurse.get("/items/stats").json["data"]
    assert (found["total_items"], found["total_value"], found["expiring"], found["by_category"]) == (0, "0.00", 0, [])


def told(app, kind):
    """Return who was told how often."""
    rows = query(
        app, "SELECT user_id, COUNT(*) AS times FROM notifications WHERE kind = :kind GROUP BY user_id", kind=kind
    )
    return {str(row["user_id"]).replace("-", ""): row["times"] for row in rows}


def plain(*users):
    return {str(user.id).replace("-", "") for user in users}


def run(app, job):
    with app.app_context():
        return job()


def test_of_what_expires_those_are_told_once_a_day_who_decide_about_it(app, clock):
    technician, pharmacist = make_user(app, "technician"), make_user(app, "pharmacist")
    manager = make_user(app, "pharmacy_manager")
    make_user(app, "nurse")
    assert run(app, tasks.tell_of_expiring) == 0
    assert told(app, "expiring_lots") == {}
    receive(app, make_item(app), 5, expires_on=days(30))
    assert run(app, tasks.tell_of_expiring) == 1
    receive(app, make_item(app), 5, expires_on=days(-2))
    receive(app, make_item(app), 5, expires_on=days(31))
    for _ in range(2):
        assert run(app, tasks.tell_of_expiring) == 2
    assert told(app, "expiring_lots") == dict.fromkeys(plain(technician, manager), 1)
    clock.shift(86400)
    receive(app, make_item(app, kind="medication"), 5, expires_on=days(1))
    assert run(app, tasks.tell_of_expiring) == 4
    assert told(app, "expiring_lots") == {
        **dict.fromkeys(plain(technician, manager), 2),
        **dict.fromkeys(plain(pharmacist), 1),
    }


def test_what_becomes_low_overnight_is_told_once(app, clock):
    technician = make_user(app, "technician")
    make_user(app, "pharmacist")
    gauze = make_item(app, reorder_point=5, stock=4)
    receive(app, gauze, 3, expires_on=days(0))
    untouched = make_item(app, reorder_point=5, stock=9)
    receive(app, untouched, 3, expires_on=days(0))
    low_before = make_item(app, reorder_point=5, stock=1)
    receive(app, low_before, 1, expires_on=days(0))
    assert run(app, tasks.find_low_by_expiry) == 0
    assert told(app, "low_stock") == {}
    clock.shift(86400)
    for _ in range(3):
        assert run(app, tasks.find_low_by_expiry) == 1
    assert told(app, "low_stock") == dict.fromkeys(plain(technician), 1)
    (row,) = query(app, "SELECT source_id FROM notifications WHERE kind = 'low_stock'")
    assert str(row["source_id"]).replace("-", "") == gauze.hex
    # More comes in, and a part of it expires in its turn.
    receive(app, gauze, 4, expires_on=days(1))
    clock.shift(86400)
    assert run(app, tasks.find_low_by_expiry) == 1
    assert told(app, "low_stock") == dict.fromkeys(plain(technician), 2)


def test_days_without_the_job_are_made_up_for(app, clock):
    technician = make_user(app, "technician")
    gauze = make_item(app, reorder_point=5, stock=4)
    receive(app, gauze, 3, expires_on=days(0))
    clock.shift(5 * 86400)
    run(app, tasks.find_low_by_expiry)
    assert told(app, "low_stock") == dict.fromkeys(plain(technician), 1)


def test_what_was_told_as_it_was_taken_is_not_told_again(app, clock):
    someone = signed_in(app, "technician")
    gauze = make_item(app, reorder_point=5, stock=4)
    receive(app, gauze, 3, expires_on=days(0))
    stock(someone, str(gauze), adjustment=-4)
    assert told(app, "low_stock") == dict.fromkeys(plain(someone.user), 1)
    clock.shift(86400)
    run(app, tasks.find_low_by_expiry)
    assert told(app, "low_stock") == dict.fromkeys(plain(someone.user), 1)
