"""Lots come in, are blocked and released, and are recalled by their number."""

from datetime import UTC, date, datetime

import pytest

from server.core.ids import new_id
from server.modules.inventory import recalls, signals
from server.modules.inventory.recalls import Given
from server.modules.inventory.service.taking import Wanted
from tests.factories.people import signed_in
from tests.factories.stock import ledger, make_item, receive, set_item, set_lot, shelf
from tests.inventory.http import NOWHERE, lots_of, path, version
from tests.inventory.support import take
from tests.patients.support import ids, refused

SOON, LATER, YESTERDAY = date(2026, 4, 1), date(2027, 1, 1), date(2026, 3, 1)
WHOLE = {"quantity": 20, "lot_number": "A-1", "expires_on": "2026-04-01", "unit_cost": "1.25", "reason": "Gift"}


@pytest.fixture
def manager(app, clock):
    """Give a client signed in as a pharmacy manager."""
    return signed_in(app, "pharmacy_manager")


@pytest.fixture
def item(app, clock):
    """Give a supply of which there is nothing yet."""
    return make_item(app, unit_cost=250)


@pytest.fixture
def blocked():
    """Give the list of the lots that were told to be blocked."""
    told = []

    def note(_sender, *, item_id, lot_id, status):
        told.append((item_id, lot_id, status))

    with signals.lot_blocked.connected_to(note):
        yield told


def change(someone, lot, status, number=1, reason="Torn boxes"):
    return someone.patch(f"/lots/{lot}", json={"status": status, "reason": reason, "version": number})


def test_units_come_in_by_lots(app, manager, item):
    answer = manager.post(path(item, "lots"), json=WHOLE)
    assert answer.status_code == 201, answer.text
    lot = answer.json["data"]
    assert answer.headers["Location"].endswith(f"/lots/{lot['id']}")
    assert manager.get(f"/lots/{lot['id']}").json["data"] == lot
    shown = {"item_id": str(item), "lot_number": "A-1", "expires_on": "2026-04-01", "unit_cost": "1.25"}
    amounts = {"on_hand": 20, "reserved": 0, "available": 20, "status": "available", "is_expired": False}
    assert {name: lot[name] for name in shown | amounts} == shown | amounts
    again = manager.post(path(item, "lots"), json=WHOLE).json["data"]
    assert (again["id"], again["on_hand"], again["version"]) == (lot["id"], 40, 1)
    assert [(line["activity_type"], line["reason"]) for line in ledger(app, item)] == [("add", "Gift")] * 2
    plain = manager.post(path(item, "lots"), json={"quantity": 1}).json["data"]
    assert (plain["lot_number"], plain["expires_on"], plain["unit_cost"]) == (None, None, "2.50")


def test_what_is_expired_comes_in_quarantined(manager, item):
    lot = manager.post(path(item, "lots"), json={"quantity": 3, "expires_on": "2026-03-01"}).json["data"]
    assert (lot["status"], lot["is_expired"], lot["available"]) == ("quarantined", True, 0)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"quantity": 0}, "quantity"),
        ({"quantity": -1}, "quantity"),
        ({"quantity": 2**31 - 1}, "quantity"),
        ({"quantity": None}, "quantity"),
        ({"expires_on": "2026-02-30"}, "expires_on"),
        ({"unit_cost": "-1"}, "unit_cost"),
        ({"lot_number": "x" * 61}, "lot_number"),
        ({"status": "available"}, "status"),
        ({"on_hand": 5}, "on_hand"),
    ],
)
def test_what_does_not_come_in(app, manager, item, body, field):
    receive(app, item, 1)
    answer = manager.post(path(item, "lots"), json={**WHOLE, **body})
    assert answer.status_code == 422, answer.text
    assert field in answer.json["errors"]
    assert shelf(app, item).on_hand == 1


def test_nothing_comes_in_of_what_is_out_of_use(app, manager, item):
    set_item(app, item, is_active=False)
    refused(manager.post(path(item, "lots"), json=WHOLE), 422, "validation_failed", "item_id")
    assert lots_of(manager, item) == []


def test_they_are_listed_by_expiry_or_arrival(app, manager, item, clock):
    endless = receive(app, item, 1)
    clock.shift(1)
    later = receive(app, item, 1, expires_on=LATER)
    clock.shift(1)
    soon = receive(app, item, 1, expires_on=SOON)
    set_lot(app, later, status="on_hold")
    where = path(item, "lots")
    assert ids(manager.get(where)) == [str(soon), str(later), str(endless)]
    assert ids(manager.get(f"{where}?sort=received_at")) == [str(endless), str(later), str(soon)]
    assert ids(manager.get(f"{where}?status=on_hold")) == [str(later)]
    first = manager.get(f"{where}?per_page=2").json["meta"]["next_cursor"]
    assert ids(manager.get(f"{where}?per_page=2&cursor={first}")) == [str(endless)]


def test_a_lot_is_blocked_and_released_with_a_reason(app, manager, item, blocked):
    lot = receive(app, item, 5)
    answer = change(manager, lot, "quarantined")
    assert answer.status_code == 200, answer.text
    shown = answer.json["data"]
    assert (shown["status"], shown["status_reason"], shown["available"]) == ("quarantined", "Torn boxes", 0)
    assert (shown["version"], answer.headers["ETag"]) == (2, '"2"')
    assert manager.get(path(item)).json["data"]["available"] == 0
    assert change(manager, lot, "damaged", 2).json["data"]["status"] == "damaged"
    assert change(manager, lot, "available", 3).json["data"]["available"] == 5
    assert blocked == [(item, lot, "quarantined")]
    assert len(ledger(app, item)) == 1


def test_a_change_of_a_lot_needs_status_reason_and_version(app, manager, item):
    lot = receive(app, item, 5)
    refused(manager.patch(f"/lots/{lot}", json={"status": "damaged", "reason": "x"}), 428, "version_required")
    refused(change(manager, lot, "damaged", 2), 412, "stale_version")
    refused(change(manager, lot, "lost"), 422, "validation_failed", "status")
    refused(manager.patch(f"/lots/{lot}", json={"status": "damaged", "version": 1}), 422, "validation_failed", "reason")
    refused(manager.patch(f"/lots/{lot}", json={"reason": "x", "version": 1}), 422, "validation_failed", "status")
    refused(change(manager, NOWHERE, "damaged"), 404, "not_found")


def test_blocking_a_lot_may_cross_the_reorder_point(app, manager, item):
    set_item(app, item, reorder_point=3)
    lot = receive(app, item, 5)
    told = []

    def note(_sender, **facts):
        told.append(facts)

    with signals.reorder_point_crossed.connected_to(note):
        change(manager, lot, "on_hold")
    assert [(one["item_id"], one["available"]) for one in told] == [(item, 0)]


@pytest.mark.parametrize(
    ("role", "kind", "statuses"),
    [
        ("technician", "supply", (200, 201, 200)),
        ("technician", "medication", (404, 404, 404)),
        ("admin", "supply", (200, 201, 200)),
        ("admin", "medication", (200, 404, 404)),
        ("pharmacist", "medication", (200, 403, 200)),
        ("pharmacist", "supply", (200, 403, 404)),
        ("pharmacy_technician", "medication", (200, 403, 403)),
        ("pharmacy_manager", "medication", (200, 201, 200)),
        ("pharmacy_manager", "supply", (200, 201, 200)),
        ("doctor", "supply", (403, 403, 403)),
    ],
)
def test_who_sees_receives_and_blocks(app, role, kind, statuses):
    reads, receives, blocks = statuses
    drug, someone = make_item(app, kind=kind), signed_in(app, role)
    lot = receive(app, drug, 5)
    assert someone.get(path(drug, "lots")).status_code == reads
    assert someone.get(f"/lots/{lot}").status_code == reads
    assert someone.get(path(drug, "movements")).status_code == reads
    assert someone.post(path(drug, "lots"), json={"quantity": 1}).status_code == receives
    assert change(someone, lot, "on_hold").status_code == blocks
    assert someone.post(f"/lots/{lot}/recall", json={"reason": "x"}).status_code == blocks


# Recalls


def recall(someone, lot, reason="FDA 2026-17"):
    return someone.post(f"/lots/{lot}/recall", json={"reason": reason})


def test_a_recall_takes_all_lots_of_the_number(app, manager, item, blocked):
    first = receive(app, item, 5, lot_number="A1", expires_on=SOON)
    dearer = receive(app, item, 5, lot_number="A1", expires_on=SOON, unit_cost=300)
    held = receive(app, item, 5, lot_number="A1")
    set_lot(app, held, status="quarantined")
    other = receive(app, item, 5, lot_number="A2")
    foreign = receive(app, make_item(app), 5, lot_number="A1")
    answer = recall(manager, first)
    assert answer.status_code == 200, answer.text
    told = answer.json["data"]
    assert (told["item_id"], told["lot_number"], told["reason"]) == (str(item), "A1", "FDA 2026-17")
    assert {(lot["id"], lot["status"]) for lot in told["lots"]} == {
        (str(lot), "recalled") for lot in (first, dearer, held)
    }
    assert (told["dispenses"], told["patients"]) == ([], [])
    assert {one["id"]: one["status"] for one in lots_of(manager, item)}[str(other)] == "available"
    assert manager.get(f"/lots/{foreign}").json["data"]["status"] == "available"
    assert {lot for _, lot, _ in blocked} == {first, dearer}
    # Again, it changes nothing.
    assert [lot["version"] for lot in recall(manager, held, "Once more").json["data"]["lots"]] == [2, 2, 2]
    assert manager.get(f"/lots/{held}").json["data"]["status_reason"] == "FDA 2026-17"
    # What comes of it later is recalled too.
    assert manager.post(path(item, "lots"), json={"quantity": 1, "lot_number": "A1"}).json["data"]["available"] == 0


def test_a_lot_without_a_number_is_recalled_alone(app, manager, item):
    lot, other = receive(app, item, 5), receive(app, item, 5, expires_on=LATER)
    assert [one["id"] for one in recall(manager, lot).json["data"]["lots"]] == [str(lot)]
    assert manager.get(f"/lots/{other}").json["data"]["status"] == "available"


def test_a_recall_needs_a_reason(app, manager, item):
    lot = receive(app, item, 5)
    refused(manager.post(f"/lots/{lot}/recall", json={}), 422, "validation_failed", "reason")
    refused(recall(manager, NOWHERE), 404, "not_found")


@pytest.fixture
def given():
    """Have a room that gave of every lot to one patient, twice."""
    patient, document = {"id": new_id(), "name": "Ida Quist", "mrn": "P1"}, new_id()

    def giving(_connection, lot_ids):
        times = [datetime(2026, 3, day, tzinfo=UTC) for day in (2, 1)]
        return [Given("dispense", document, lot_id, 2, at, patient) for lot_id in lot_ids for at in times]

    recalls.add_given(giving)
    yield patient, document
    recalls._givings.remove(giving)


def test_who_got_it_is_told_to_those_who_may_know(app, manager, item, given):
    patient, document = given
    lot = receive(app, item, 5)
    told = recall(manager, lot).json["data"]
    assert [one["given_at"][:10] for one in told["dispenses"]] == ["2026-03-01", "2026-03-02"]
    assert {one["document_id"] for one in told["dispenses"]} == {str(document)}
    assert told["patients"] == [{**patient, "id": str(patient["id"])}]
    assert told["dispenses"][0]["patient"] == told["patients"][0]
    answer = recall(signed_in(app, "technician"), lot)
    assert "patients" not in answer.json["data"]
    assert set(answer.json["data"]["dispenses"][0]) == {
        *("document_type", "document_id", "lot_id", "quantity", "given_at")
    }
    assert "Quist" not in answer.text


# The ledger


def test_movements_with_their_running_balance(app, manager, item, clock):
    soon, later = receive(app, item, 5, expires_on=SOON), receive(app, item, 5, expires_on=LATER)
    clock.shift(24 * 3600)
    manager = signed_in(app, user=manager.user)
    document = new_id()
    take(app, Wanted(item, 7), document_type="treatment", document_id=document)
    where = path(item, "movements")
    lines = manager.get(where).json["data"]
    assert [(one["quantity_changed_by"], one["resulting_quantity"]) for one in lines] == [
        *((-2, 3), (-5, 5), (5, 10), (5, 5))
    ]
    assert lines[0]["document_id"] == str(document)
    assert (lines[0]["activity_type"], lines[0]["document_type"], lines[0]["witness_id"]) == ("use", "treatment", None)
    assert lines[0]["occurred_at"] == "2026-03-03T08:00:00Z"
    for query, count in (
        ("activity_type=use", 2),
        ("activity_type=sellnonpresc", 0),
        (f"lot_id={soon}", 2),
        (f"lot_id={later}&activity_type=add", 1),
        ("from=2026-03-03", 2),
        ("to=2026-03-02", 2),
        ("from=2026-03-02T08:00:00Z&to=2026-03-02T08:00:01Z", 2),
        ("from=2026-03-04", 0),
    ):
        assert len(ids(manager.get(f"{where}?{query}"))) == count, query
    assert ids(manager.get(f"{where}?sort=recorded_at")) == ids(manager.get(where))[::-1]
    refused(manager.get(f"{where}?from=2026-03-04&to=2026-03-03"), 422, "validation_failed", "to")
    refused(manager.get(path(NOWHERE, "movements")), 404, "not_found")


def test_the_reconciliation_finds_what_differs(app, manager, item):
    lot = receive(app, item, 5)
    assert manager.get("/stock/reconciliation").json["data"] == {"checked": 3, "differences": []}
    set_lot(app, lot, on_hand=4)
    assert manager.get("/stock/reconciliation").json["data"]["differences"] == [
        {"item_id": str(item), "lot_id": str(lot), "movement_id": None, "balance": 4, "ledger": 5}
    ]
    refused(signed_in(app, "technician").get("/stock/reconciliation"), 403, "forbidden")


def test_a_deleted_item_keeps_its_lots_and_ledger(app, manager, item):
    receive(app, item, 1)
    take(app, Wanted(item, 1))
    assert manager.delete(path(item), headers=version(1)).status_code == 204
    assert len(lots_of(manager, item)) == 1
    assert len(ids(manager.get(path(item, "movements")))) == 2
