"""Counts: against a list, written into the ledger at once, and never over what has moved since."""

import pytest

from server.modules.inventory import signals
from server.modules.inventory.schemas import stocktakes as shapes
from tests.factories.people import PASSWORD, make_user, signed_in
from tests.factories.stock import ledger, make_item, receive, set_lot, shelf
from tests.inventory.http import NOWHERE, stock
from tests.inventory.support import reconciled
from tests.patients.support import ids, refused


@pytest.fixture
def technician(app, clock):
    """Give a client signed in as a technician, who counts supplies and equipment."""
    return signed_in(app, "technician")


def begin(someone, *items, **fields):
    """Begin a count and return what was answered."""
    answer = someone.post("/stocktakes", json={"item_ids": [str(one) for one in items], **fields})
    assert answer.status_code == 201, answer.text
    return answer.json["data"]


def path(count, *more):
    return "/".join(["/stocktakes", str(count["id"]), *more])


def note(someone, count, **counted):
    """Note what was counted of lots, by their ids."""
    lines = [{"lot_id": lot.replace("_", "-"), "counted": number} for lot, number in counted.items()]
    return someone.post(path(count, "lines"), json={"lines": lines})


def noted(someone, count, **counted):
    answer = note(someone, count, **counted)
    assert answer.status_code == 200, answer.text
    return answer.json["data"]


def test_it_is_begun_noted_and_closed(app, technician):
    gauze, tape = make_item(app, name="Gauze"), make_item(app, name="Tape")
    first, second, third = receive(app, gauze, 10), receive(app, gauze, 5, lot_number="B"), receive(app, tape, 7)
    count = begin(technician, gauze, tape, notes="Yearly")
    assert (count["number"], count["status"], count["notes"]) == ("ST-000001", "open", "Yearly")
    assert (count["line_count"], count["counted_count"], count["opened_by"]) == (3, 0, str(technician.user.id))
    assert {line["lot_id"]: line["expected"] for line in count["lines"]} == {
        str(first): 10,
        str(second): 5,
        str(third): 7,
    }
    assert {line["item_name"] for line in count["lines"]} == {"Gauze", "Tape"}
    assert {(line["counted"], line["difference"], line["has_moved"]) for line in count["lines"]} == {
        (None, None, False)
    }
    now = noted(technician, count, **{str(first): 8, str(second): 6, str(third): 7})
    assert now["counted_count"] == 3
    assert {line["lot_id"]: line["difference"] for line in now["lines"]} == {
        str(first): -2,
        str(second): 1,
        str(third): 0,
    }
    answer = technician.post(path(count, "close"))
    assert answer.status_code == 200, answer.text
    closed = answer.json["data"]
    assert (closed["status"], closed["closed_by"]) == ("closed", str(technician.user.id))
    assert sorted(
        (one["lot_id"], one["quantity_changed_by"], one["activity_type"]) for one in closed["movements"]
    ) == sorted([(str(first), -2, "count"), (str(second), 1, "count")])
    assert {(one["document_type"], one["document_id"]) for one in closed["movements"]} == {("stocktake", count["id"])}
    assert (shelf(app, gauze).lots, shelf(app, tape).on_hand) == ({first: 8, second: 6}, 7)
    assert len(ledger(app, tape)) == 1
    for step in ("close", "cancel"):
        refused(technician.post(path(count, step)), 409, "invalid_transition")
    refused(note(technician, count, **{str(first): 1}), 409, "invalid_transition")
    assert reconciled(app).differences == []


def test_one_lot_is_noted_at_a_time_too_and_again(app, technician):
    gauze = make_item(app)
    lot = receive(app, gauze, 10)
    count = begin(technician, gauze)
    for counted in (9, 10):
        answer = technician.post(path(count, "lines"), json={"lot_id": str(lot), "counted": counted})
        assert answer.json["data"]["lines"][0]["counted"] == counted
    assert technician.post(path(count, "close"), json={}).json["data"]["movements"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "lot_id"),
        ({"lot_id": "its"}, "counted"),
        ({"lot_id": "its", "counted": -1}, "counted"),
        ({"lot_id": "its", "counted": "1"}, "counted"),
        ({"lot_id": str(NOWHERE), "counted": 1}, "lot_id"),
        ({"lot_id": "other", "counted": 1}, "lot_id"),
        ({"lines": []}, "lines"),
        ({"lines": [{"lot_id": str(NOWHERE), "counted": 1}]}, "lines.0.lot_id"),
        ({"lines": [{"lot_id": "its"}]}, "lines.0.counted"),
        ({"lot_id": "its", "counted": 1, "lines": [{"lot_id": "its", "counted": 1}]}, "lines"),
    ],
)
def test_what_is_not_valid_is_not_noted(app, technician, body, field):
    gauze = make_item(app)
    known = {"its": str(receive(app, gauze, 10)), "other": str(receive(app, make_item(app), 1))}

    def meant(one):
        return {name: known.get(value, value) if name == "lot_id" else value for name, value in one.items()}

    count = begin(technician, gauze)
    body = meant(body)
    if "lines" in body:
        body["lines"] = [meant(one) for one in body["lines"]]
    refused(technician.post(path(count, "lines"), json=body), 422, "validation_failed", field)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "item_ids"),
        ({"item_ids": []}, "item_ids"),
        ({"item_ids": [str(NOWHERE)]}, "item_ids.0"),
        ({"category_id": str(NOWHERE)}, "category_id"),
        ({"item_ids": ["empty"]}, "item_ids"),
        ({"item_ids": ["empty"], "category_id": str(NOWHERE)}, "item_ids"),
    ],
)
def test_what_is_not_there_is_not_counted(app, technician, body, field):
    empty = str(make_item(app))
    body = (
        {**body, "item_ids": [empty if one == "empty" else one for one in body["item_ids"]]}
        if "item_ids" in body
        else body
    )
    refused(technician.post("/stocktakes", json=body), 422, "validation_failed", field)
    assert ids(technician.get("/stocktakes")) == []


def test_a_category_is_counted(app, technician):
    category = technician.post("/categories", json={"name": "Dressings"}).json["data"]["id"]
    inside, outside = make_item(app, stock=5, category_id=None), make_item(app, stock=5)
    technician.patch(f"/items/{inside}", json={"category_id": category, "version": 1})
    drug = make_item(app, kind="medication", stock=5)
    manager = signed_in(app, "pharmacy_manager")
    manager.patch(f"/items/{drug}", json={"category_id": category, "version": 1})
    answer = technician.post("/stocktakes", json={"category_id": category})
    assert [line["item_id"] for line in answer.json["data"]["lines"]] == [str(inside)]
    both = manager.post("/stocktakes", json={"category_id": category}).json["data"]
    assert {line["item_id"] for line in both["lines"]} == {str(inside), str(drug)}
    assert str(outside) not in {line["item_id"] for line in both["lines"]}


def test_what_has_moved_since_is_not_written_over(app, technician):
    gauze, tape = make_item(app), make_item(app)
    lot, other, still = receive(app, gauze, 10), receive(app, gauze, 3, lot_number="B"), receive(app, tape, 5)
    count = begin(technician, gauze, tape)
    stock(technician, str(gauze), adjustment=-2, lot_id=str(lot))
    now = noted(technician, count, **{str(lot): 10, str(other): 3, str(still): 4})
    assert {line["lot_id"]: line["has_moved"] for line in now["lines"]} == {
        str(lot): True,
        str(other): True,
        str(still): False,
    }
    answer = technician.post(path(count, "close"))
    refused(answer, 409, "stock_moved")
    told = {line["lot_id"]: (line["expected"], line["counted"], line["on_hand"]) for line in answer.json["lines"]}
    assert told == {str(lot): (10, 10, 8), str(other): (3, 3, 3)}
    assert (shelf(app, gauze).on_hand, shelf(app, tape).on_hand) == (11, 5)
    # Counted anew, against what there is now.
    stale = {"lot_id": str(lot), "counted": 8, "expected_quantity": 9}
    answer = technician.post(path(count, "lines"), json=stale)
    refused(answer, 409, "stock_moved")
    assert answer.json["quantity"] == 8
    fresh = [
        {"lot_id": str(lot), "counted": 7, "expected_quantity": 8},
        {"lot_id": str(other), "counted": 3, "expected_quantity": 3},
    ]
    assert technician.post(path(count, "lines"), json={"lines": fresh}).status_code == 200
    closed = technician.post(path(count, "close")).json["data"]
    assert sorted(one["quantity_changed_by"] for one in closed["movements"]) == [-1, -1]
    assert (shelf(app, gauze).lots, shelf(app, tape).on_hand) == ({lot: 7, other: 3}, 4)


def test_what_nobody_counted_stays_or_refuses(app, technician):
    gauze = make_item(app)
    lot, other = receive(app, gauze, 10), receive(app, gauze, 3, lot_number="B")
    count = begin(technician, gauze)
    noted(technician, count, **{str(lot): 9})
    answer = technician.post(path(count, "close"), json={"uncounted": "refuse"})
    refused(answer, 409, "lines_uncounted")
    assert [line["lot_id"] for line in answer.json["lines"]] == [str(other)]
    assert technician.post(path(count, "close"), json={"uncounted": "ignore"}).status_code == 200
    assert shelf(app, gauze).lots == {lot: 9, other: 3}


def test_what_is_kept_for_somebody_cannot_be_missing(app, technician):
    gauze = make_item(app)
    lot = receive(app, gauze, 10)
    set_lot(app, lot, reserved=4)
    count = begin(technician, gauze)
    noted(technician, count, **{str(lot): 3})
    answer = technician.post(path(count, "close"))
    refused(answer, 409, "insufficient_stock")
    assert (answer.json["item_id"], answer.json["available"], answer.json["requested"]) == (str(gauze), 6, 7)
    noted(technician, count, **{str(lot): 4})
    assert technician.post(path(count, "close")).status_code == 200


def test_a_lot_that_was_used_up_may_be_found(app, technician):
    gauze = make_item(app)
    lot, empty = receive(app, gauze, 10), receive(app, gauze, 3, lot_number="B")
    stock(technician, str(gauze), adjustment=-3, lot_id=str(empty))
    count = begin(technician, gauze)
    assert [line["lot_id"] for line in count["lines"]] == [str(lot)]
    noted(technician, count, **{str(empty): 2})
    assert technician.post(path(count, "close")).status_code == 200
    assert shelf(app, gauze).lots == {lot: 10, empty: 2}


def test_more_than_can_be_counted_is_refused(app, technician):
    gauze = make_item(app)
    lot, other = receive(app, gauze, 10), receive(app, gauze, 10, lot_number="B")
    count = begin(technician, gauze)
    noted(technician, count, **{str(lot): 2**31 - 1, str(other): 1})
    refused(technician.post(path(count, "close")), 422, "validation_failed", "lines")


def test_a_count_may_be_given_up(app, technician):
    gauze = make_item(app)
    lot = receive(app, gauze, 10)
    count = begin(technician, gauze)
    noted(technician, count, **{str(lot): 1})
    assert technician.post(path(count, "cancel")).json["data"]["status"] == "cancelled"
    refused(technician.post(path(count, "close")), 409, "invalid_transition")
    assert shelf(app, gauze).on_hand == 10
    assert ids(technician.get("/stocktakes?status=cancelled")) == [count["id"]]
    assert ids(technician.get("/stocktakes?status=open")) == []


def test_counting_too_little_tells_that_it_is_low(app, technician):
    told = []
    gauze = make_item(app, reorder_point=5)
    lot = receive(app, gauze, 10)
    count = begin(technician, gauze)
    noted(technician, count, **{str(lot): 5})

    def hear(_sender, *, item_id, **_levels):
        told.append(item_id)

    with signals.reorder_point_crossed.connected_to(hear):
        technician.post(path(count, "close"))
    assert told == [gauze]


def test_everybody_counts_what_they_may(app, technician):
    pharmacist, manager = signed_in(app, "pharmacist"), signed_in(app, "pharmacy_manager")
    gauze, drug = make_item(app, stock=5), make_item(app, kind="medication", stock=5)
    refused(technician.post("/stocktakes", json={"item_ids": [str(drug)]}), 403, "forbidden")
    refused(pharmacist.post("/stocktakes", json={"item_ids": [str(gauze)]}), 403, "forbidden")
    refused(signed_in(app, "nurse").get("/stocktakes"), 403, "forbidden")
    sup, med, both = begin(technician, gauze), begin(pharmacist, drug), begin(manager, gauze, drug)
    assert ids(technician.get("/stocktakes")) == [sup["id"]]
    assert ids(signed_in(app, "pharmacy_technician").get("/stocktakes")) == [med["id"]]
    assert ids(manager.get("/stocktakes?sort=number")) == [sup["id"], med["id"], both["id"]]
    refused(note(technician, both, **{str(NOWHERE): 1}), 404, "not_found")
    for step in ("close", "cancel"):
        refused(technician.post(path(both, step)), 404, "not_found")
    refused(technician.get(path(both)), 404, "not_found")
    assert technician.get(path(sup)).json["data"] == sup


def test_a_witness_is_proved(app, technician):
    gauze = make_item(app, stock=5)
    lot = str(next(iter(shelf(app, gauze).lots)))
    pharmacist = make_user(app, "pharmacist")
    count = begin(technician, gauze)
    noted(technician, count, **{lot: 4})
    wrong = {"witness": {"identifier": pharmacist.email, "password": "wrong"}}
    refused(technician.post(path(count, "close"), json=wrong), 403, "witness_refused")
    right = {"witness": {"identifier": pharmacist.email, "password": PASSWORD}}
    closed = technician.post(path(count, "close"), json=right).json["data"]
    assert [one["witness_id"] for one in closed["movements"]] == [str(pharmacist.id)]


def test_a_count_has_a_bound(app, technician, monkeypatch):
    monkeypatch.setattr("server.modules.inventory.resources.stocktakes.MOST_LINES", 1)
    assert shapes.MOST_LINES > 1
    refused(
        technician.post("/stocktakes", json={"item_ids": [str(make_item(app, stock=1)), str(make_item(app, stock=1))]}),
        422,
        "validation_failed",
        "item_ids",
    )
