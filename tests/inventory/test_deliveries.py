"""What comes of orders: by lots, never more than was ordered, and all of it exactly once."""

import pytest

from tests.factories.people import signed_in
from tests.factories.stock import ledger, make_item, shelf
from tests.inventory.buying import become, line, ordered, path, receive, shown
from tests.inventory.http import NOWHERE, lots_of
from tests.inventory.support import reconciled
from tests.patients.support import refused


@pytest.fixture
def technician(app, clock):
    """Give a client signed in as a technician."""
    return signed_in(app, "technician")


def test_a_delivery_comes_into_lots(app, technician):
    gauze = make_item(app, unit_cost=10)
    order = ordered(technician, line(gauze, 100, unit_cost="0.20"))
    (one,) = order["lines"]
    lot = {"lot_number": "L1", "expires_on": "2027-01-01"}
    answer = technician.post(
        path(order, "receipts"),
        json={
            "lines": [
                {"line_id": one["id"], "quantity": 30, **lot},
                {"line_id": one["id"], "quantity": 10, "lot_number": "L2", "unit_cost": "0.25"},
                {"line_id": one["id"], "quantity": 5, **lot},
            ]
        },
    )
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"].endswith(path(order))
    got = answer.json["data"]
    assert (got["status"], got["version"]) == ("partially_received", 3)
    assert got["lines"][0]["quantity_received"] == 45
    lots = {row["lot_number"]: row for row in lots_of(technician, str(gauze))}
    assert {name: (row["on_hand"], row["unit_cost"], row["expires_on"]) for name, row in lots.items()} == {
        "L1": (35, "0.20", "2027-01-01"),
        "L2": (10, "0.25", None),
    }
    (receipt,) = got["receipts"]
    assert receipt["received_by"] == str(technician.user.id)
    assert [(row["lot_id"], row["quantity"]) for row in receipt["lines"]] == [
        (lots["L1"]["id"], 30),
        (lots["L2"]["id"], 10),
        (lots["L1"]["id"], 5),
    ]
    lines = ledger(app, gauze)
    assert [(row["quantity_changed_by"], row["activity_type"], row["resulting_quantity"]) for row in lines] == [
        (30, "add", 30),
        (10, "add", 40),
        (5, "add", 45),
    ]
    assert {(row["document_type"], str(row["document_id"])) for row in lines} == {("order_receipt", receipt["id"])}
    assert len({row["transaction_id"] for row in lines}) == 1
    done = receive(technician, order, 55).json["data"]
    assert (done["status"], len(done["receipts"])) == ("received", 2)
    assert shown(technician, order) == done
    assert reconciled(app).differences == []


def test_what_comes_expired_is_quarantined(app, technician):
    gauze = make_item(app)
    assert receive(technician, ordered(technician, line(gauze, 5)), 5, expires_on="2026-03-01").status_code == 201
    assert [row["status"] for row in lots_of(technician, str(gauze))] == ["quarantined"]


def test_more_than_was_ordered_does_not_come(app, technician):
    gauze, tape = make_item(app), make_item(app)
    order = ordered(technician, line(gauze, 10), line(tape, 5))
    answer = receive(technician, order, 11, 5)
    refused(answer, 409, "over_receipt")
    told = answer.json
    assert (told["line_id"], told["outstanding"], told["requested"]) == (order["lines"][0]["id"], 10, 11)
    first = order["lines"][0]["id"]
    twice = [{"line_id": first, "quantity": 6}, {"line_id": first, "quantity": 5}]
    refused(technician.post(path(order, "receipts"), json={"lines": twice}), 409, "over_receipt")
    assert (shelf(app, gauze).on_hand, shelf(app, tape).on_hand) == (0, 0)
    assert receive(technician, order, 10).status_code == 201
    refused(receive(technician, order, 1), 409, "over_receipt")
    assert receive(technician, order, 0, 5).json["data"]["status"] == "received"
    refused(receive(technician, order, 0, 1), 409, "over_receipt")
    assert (shelf(app, gauze).on_hand, shelf(app, tape).on_hand) == (10, 5)


@pytest.mark.parametrize(
    ("lines", "field"),
    [
        (None, "lines"),
        ([], "lines"),
        ([{"line_id": str(NOWHERE), "quantity": 1}], "lines.0.line_id"),
        ([{"line_id": "its", "quantity": 0}], "lines.0.quantity"),
        ([{"line_id": "its"}], "lines.0.quantity"),
        ([{"line_id": "its", "quantity": 1, "lot_number": "<b>"}], "lines.0.lot_number"),
        ([{"line_id": "its", "quantity": 1, "expires_on": "soon"}], "lines.0.expires_on"),
        ([{"line_id": "its", "quantity": 1, "unit_cost": "0.001"}], "lines.0.unit_cost"),
    ],
)
def test_what_is_not_valid_is_refused(app, technician, lines, field):
    order = ordered(technician, line(make_item(app), 10))
    its = order["lines"][0]["id"]
    body = {"lines": [{**one, "line_id": its if one["line_id"] == "its" else one["line_id"]} for one in lines or ()]}
    answer = technician.post(path(order, "receipts"), json={} if lines is None else body)
    assert answer.status_code == 422, answer.text
    assert field in answer.json["errors"]
    assert shown(technician, order) == order


def test_more_than_can_be_counted_is_refused(app, technician):
    gauze = make_item(app, stock=2)
    order = ordered(technician, line(gauze, 2**31 - 2))
    refused(technician.post(path(order, "apply")), 422, "validation_failed", "lines")
    assert shelf(app, gauze).on_hand == 2


@pytest.mark.parametrize("step", ["receipts", "apply"])
def test_nothing_comes_of_a_draft_or_a_cancelled_order(app, technician, step):
    gauze = make_item(app)
    order = technician.post("/orders", json={"lines": [line(gauze, 5)]}).json["data"]
    body = {"lines": [{"line_id": order["lines"][0]["id"], "quantity": 5}]}
    refused(technician.post(path(order, step), json=body), 409, "invalid_transition")
    become(technician, order, "cancelled")
    refused(technician.post(path(order, step), json=body), 409, "invalid_transition")
    assert shelf(app, gauze).on_hand == 0


def test_all_that_is_outstanding_comes_in_one_step(app, technician):
    gauze, tape, glove = make_item(app), make_item(app), make_item(app)
    order = ordered(technician, line(gauze, 10), line(tape, 5), line(glove, 2))
    receive(technician, order, 4, 0, 2)
    tape_line = order["lines"][1]["id"]
    body = {
        "lines": [
            {"line_id": tape_line, "quantity": 2, "lot_number": "A"},
            {"line_id": tape_line, "lot_number": "B", "expires_on": "2027-01-01"},
        ]
    }
    answer = technician.post(path(order, "apply"), json=body)
    assert answer.status_code == 200, answer.text
    done = answer.json["data"]
    assert (done["status"], [one["quantity_received"] for one in done["lines"]]) == ("received", [10, 5, 2])
    assert {row["lot_number"]: row["on_hand"] for row in lots_of(technician, str(tape))} == {"A": 2, "B": 3}
    assert [shelf(app, item).on_hand for item in (gauze, tape, glove)] == [10, 5, 2]
    for again in (None, {}, body):
        refused(technician.post(path(order, "apply"), json=again), 409, "already_received")
    assert reconciled(app).differences == []


def test_a_part_is_no_application(app, technician):
    order = ordered(technician, line(make_item(app), 10))
    part = {"lines": [{"line_id": order["lines"][0]["id"], "quantity": 9}]}
    refused(technician.post(path(order, "apply"), json=part), 422, "validation_failed", "lines.0.quantity")
    more = {"lines": [{"line_id": order["lines"][0]["id"], "quantity": 11}]}
    refused(technician.post(path(order, "apply"), json=more), 409, "over_receipt")
    twice = {"lines": [{"line_id": order["lines"][0]["id"]}] * 2}
    refused(technician.post(path(order, "apply"), json=twice), 409, "over_receipt")
    assert shown(technician, order) == order


def test_what_never_comes_is_given_up(app, technician):
    gauze = make_item(app)
    order = ordered(technician, line(gauze, 10))
    part = receive(technician, order, 4).json["data"]
    done = become(technician, part, "received").json["data"]
    assert (done["status"], done["lines"][0]["quantity_received"]) == ("received", 4)
    refused(receive(technician, order, 1), 409, "over_receipt")
    refused(technician.post(path(order, "apply")), 409, "already_received")
    assert become(technician, done, "closed").status_code == 200
    assert shelf(app, gauze).on_hand == 4


def test_a_repeated_delivery_with_a_key_comes_once(app, technician):
    gauze = make_item(app)
    order = ordered(technician, line(gauze, 10))
    body = {"lines": [{"line_id": order["lines"][0]["id"], "quantity": 4}]}
    key = {"Idempotency-Key": "delivery-1"}
    first, second = (technician.post(path(order, "receipts"), json=body, headers=key) for _ in range(2))
    assert (first.status_code, second.status_code, second.json) == (201, 201, first.json)
    assert shelf(app, gauze).on_hand == 4


def test_a_stale_version_is_refused_where_one_is_said(app, technician):
    order = ordered(technician, line(make_item(app), 10))
    refused(technician.post(path(order, "apply"), json={"version": 1}), 412, "stale_version")
    assert technician.post(path(order, "apply"), json={"version": 2}).status_code == 200
