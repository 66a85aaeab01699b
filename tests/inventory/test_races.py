"""Counts, adjustments and recalls at once, against the real server: the ledger is right, and nobody is overtaken."""

from json import JSONDecodeError

from server.modules.inventory.service.taking import InsufficientStock, Wanted
from tests.factories.people import signed_in
from tests.factories.stock import ledger, make_item, receive, shelf
from tests.inventory.http import path
from tests.inventory.support import reconciled, take
from tests.patients.test_races import at_once, send

WHY = {"reason": "Yearly count"}


def delete(server, someone, where):
    """Send a DELETE, whose answer is empty where it is done."""
    try:
        return send(server, someone, "DELETE", where, {})[0]
    except JSONDecodeError:
        return 204


def test_of_many_who_count_at_once_one_is_not_overtaken(app, live_server):
    technician, item = signed_in(app, "technician"), make_item(app, stock=10)

    def count(number):
        body = {"quantity": 20 + number, "expected_quantity": 10, **WHY}
        return send(live_server, technician, "PATCH", path(item, "stock"), body)

    answers = at_once(4, count)
    assert sorted(status for status, _ in answers) == [200, 409, 409, 409], answers
    (counted,) = [body["data"]["quantity"] for status, (body, _) in answers if status == 200]
    assert shelf(app, item).on_hand == counted
    assert {body["quantity"] for status, (body, _) in answers if status == 409} == {counted}
    assert len(ledger(app, item)) == 2


def test_what_is_adjusted_while_others_take_is_not_lost(app, live_server):
    technician, item = signed_in(app, "technician"), make_item(app, stock=20)

    def act(number):
        if number % 2:
            body = {"adjustment": -3, **WHY}
            return send(live_server, technician, "PATCH", path(item, "stock"), body)[0]
        try:
            take(app, Wanted(item, 4))
        except InsufficientStock:
            return 409
        return 200

    outcomes = at_once(8, act)
    taken = sum(4 for number, status in enumerate(outcomes) if status == 200 and number % 2 == 0)
    adjusted = sum(3 for number, status in enumerate(outcomes) if status == 200 and number % 2)
    assert set(outcomes) <= {200, 409}
    assert shelf(app, item).on_hand == 20 - taken - adjusted < 4
    assert reconciled(app).differences == []


def test_nothing_is_taken_of_a_lot_once_it_is_recalled(app, live_server):
    technician = signed_in(app, "technician")
    for _ in range(3):
        item = make_item(app)
        lot = receive(app, item, 10, lot_number="A1")

        def act(number, lot=lot, item=item):
            if number == 0:
                return send(live_server, technician, "POST", f"/lots/{lot}/recall", WHY)
            try:
                return take(app, Wanted(item, 2))
            except InsufficientStock:
                return None

        (status, (body, _)), *takes = at_once(4, act)
        assert status == 200, body
        taken = 2 * len([one for one in takes if one])
        assert shelf(app, item).on_hand == 10 - taken
        # Who was before the recall is in what it showed; nobody was after it.
        assert body["data"]["lots"][0]["on_hand"] == 10 - taken
        assert reconciled(app).differences == []


def test_a_category_is_not_removed_from_under_a_new_item(app, live_server):
    technician = signed_in(app, "technician")
    for number in range(3):
        category = technician.post("/categories", json={"name": f"Dressings {number}"}).json["data"]["id"]
        body = {"name": "Gauze", "kind": "supply", "category_id": category}

        def act(number, category=category, body=body):
            if number:
                return send(live_server, technician, "POST", "/items", body)[0]
            return delete(live_server, technician, f"/categories/{category}")

        assert tuple(at_once(2, act)) in {(204, 422), (409, 201)}


def test_of_many_who_name_a_category_at_once_one_does(app, live_server):
    technician = signed_in(app, "technician")
    answers = at_once(4, lambda _number: send(live_server, technician, "POST", "/categories", {"name": "Gloves"}))
    assert sorted(status for status, _ in answers) == [201, 409, 409, 409], answers
