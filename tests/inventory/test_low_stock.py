"""Who buys is told that something runs low: once, until more of it has come in."""

import pytest

from server.core.ids import new_id
from server.modules.inventory.enums import Activity
from server.modules.inventory.service.taking import Wanted
from tests.factories.people import signed_in
from tests.factories.stock import make_item, receive, set_item
from tests.inventory.http import stock
from tests.inventory.support import put_back, take


@pytest.fixture
def technician(app):
    """Give a client signed in as a technician, who buys supplies."""
    return signed_in(app, "technician")


def told(someone):
    answer = someone.get("/notifications?type=low_stock")
    assert answer.status_code == 200, answer.text
    return [one["source"]["id"] for one in answer.json["data"]]


def test_it_is_told_once_until_more_has_come_in(app, technician):
    item = make_item(app, reorder_point=3, stock=5)
    document = new_id()
    take(app, Wanted(item, 1))
    assert told(technician) == []
    take(app, Wanted(item, 1), document_type="test", document_id=document)
    take(app, Wanted(item, 1))
    assert told(technician) == [str(item)]
    # What was given back was here before.
    put_back(app, document)
    take(app, Wanted(item, 1), activity=Activity.DISCARD)
    put_back(app, document)
    assert told(technician) == [str(item)]
    receive(app, item, 5)
    take(app, Wanted(item, 6))
    assert told(technician) == [str(item)] * 2


def test_given_back_and_taken_again_it_is_not_told_twice(app, technician):
    item = make_item(app, reorder_point=3, stock=4)
    for _ in range(3):
        document = new_id()
        take(app, Wanted(item, 1), document_type="test", document_id=document)
        put_back(app, document)
    assert told(technician) == [str(item)]


def test_a_surplus_that_was_counted_is_more_of_it(app, technician):
    item = make_item(app, reorder_point=3, stock=3)
    assert stock(technician, item, adjustment=2).status_code == 200
    assert stock(technician, item, adjustment=-2).status_code == 200
    assert told(technician) == [str(item)]


def test_each_kind_has_its_buyers(app):
    manager, technician, admin, pharmacist = (
        signed_in(app, role) for role in ("pharmacy_manager", "technician", "admin", "pharmacist")
    )
    drug, gauze = make_item(app, kind="medication", stock=1), make_item(app, stock=1)
    take(app, Wanted(drug, 1))
    take(app, Wanted(gauze, 1))
    both = {str(drug), str(gauze)}
    assert (set(told(manager)), set(told(admin)), told(technician), told(pharmacist)) == (both, both, [str(gauze)], [])


def test_what_nobody_uses_any_more_does_not_run_low(app, technician):
    item = make_item(app, stock=1)
    set_item(app, item, is_active=False)
    take(app, Wanted(item, 1), activity=Activity.DISCARD)
    assert told(technician) == []
