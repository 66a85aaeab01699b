"""Buying and counting at once, against the real server: once, never too much, and no count over a movement."""

import pytest

from tests.factories.people import signed_in
from tests.factories.stock import ledger, make_item, receive as put_in, shelf
from tests.inventory.buying import line, ordered, path, shown
from tests.inventory.http import path as item_path
from tests.inventory.support import reconciled
from tests.patients.test_races import at_once, send


@pytest.fixture
def technician(app):
    """Give a client signed in as a technician."""
    return signed_in(app, "technician")


def test_of_ten_who_apply_it_at_once_one_does(live_server, app, technician):
    gauze, tape = make_item(app), make_item(app)
    order = ordered(technician, line(gauze, 10), line(tape, 7))
    answers = at_once(10, lambda _: send(live_server, technician, "POST", path(order, "apply"), {}))
    assert sorted(status for status, _ in answers) == [200] + [409] * 9, answers
    assert {body["code"] for status, (body, _) in answers if status == 409} == {"already_received"}
    assert (shelf(app, gauze).on_hand, shelf(app, tape).on_hand) == (10, 7)
    assert [row["quantity_changed_by"] for row in ledger(app, gauze)] == [10]
    assert len(shown(technician, order)["receipts"]) == 1
    assert reconciled(app).differences == []


def test_of_deliveries_at_once_never_more_come_than_were_ordered(live_server, app, technician):
    gauze, tape = make_item(app), make_item(app)
    order = ordered(technician, line(gauze, 10), line(tape, 10))
    first, second = (one["id"] for one in order["lines"])

    def deliver(number):
        # Half of them name the lines the other way round.
        both = [{"line_id": first, "quantity": 4}, {"line_id": second, "quantity": 3}]
        body = {"lines": both[:: -1 if number % 2 else 1]}
        return send(live_server, technician, "POST", path(order, "receipts"), body)

    answers = at_once(6, deliver)
    assert sorted(status for status, _ in answers) == [201, 201, 409, 409, 409, 409], answers
    assert {body["code"] for status, (body, _) in answers if status == 409} == {"over_receipt"}
    assert (shelf(app, gauze).on_hand, shelf(app, tape).on_hand) == (8, 6)
    assert [one["quantity_received"] for one in shown(technician, order)["lines"]] == [8, 6]
    assert reconciled(app).differences == []


def test_of_those_who_ask_what_to_order_at_once_one_is_told(live_server, app, technician):
    make_item(app, reorder_point=10, pack_size=6)
    answers = at_once(4, lambda _: send(live_server, technician, "POST", "/orders/suggest", {}))
    assert sorted(status for status, _ in answers) == [201, 409, 409, 409], answers
    assert {body["code"] for status, (body, _) in answers if status == 409} == {"nothing_to_order"}
    assert technician.get("/orders").json["meta"]["total"] == 1


def test_a_count_is_closed_before_a_movement_or_not_at_all(live_server, app, technician):
    gauze = make_item(app)
    lot = put_in(app, gauze, 50)
    for _ in range(5):
        count = technician.post("/stocktakes", json={"item_ids": [str(gauze)]}).json["data"]
        before = shelf(app, gauze).on_hand
        noted = {"lot_id": str(lot), "counted": before - 1}
        assert technician.post(f"/stocktakes/{count['id']}/lines", json=noted).status_code == 200
        acts = [
            ("POST", f"/stocktakes/{count['id']}/close", {}),
            ("PATCH", item_path(gauze, "stock"), {"adjustment": -3, "reason": "Dropped"}),
        ]
        closed, moved = at_once(2, lambda number, acts=acts: send(live_server, technician, *acts[number]))
        assert moved[0] == 200, moved
        if closed[0] == 200:
            assert shelf(app, gauze).on_hand == before - 4
        else:
            assert (closed[0], closed[1][0]["code"]) == (409, "stock_moved"), closed
            assert shelf(app, gauze).on_hand == before - 3
            assert technician.get(f"/stocktakes/{count['id']}").json["data"]["status"] == "open"
    assert reconciled(app).differences == []


def test_of_those_who_close_it_at_once_one_does(live_server, app, technician):
    gauze = make_item(app)
    lot = put_in(app, gauze, 50)
    count = technician.post("/stocktakes", json={"item_ids": [str(gauze)]}).json["data"]
    technician.post(f"/stocktakes/{count['id']}/lines", json={"lot_id": str(lot), "counted": 47})
    answers = at_once(6, lambda _: send(live_server, technician, "POST", f"/stocktakes/{count['id']}/close", {}))
    assert sorted(status for status, _ in answers) == [200] + [409] * 5, answers
    assert [row["quantity_changed_by"] for row in ledger(app, gauze)] == [50, -3]
