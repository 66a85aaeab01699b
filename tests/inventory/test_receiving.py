"""Stock comes in by lots; what was taken goes back into those it came from."""

from datetime import date

import pytest

from server.core.db import db
from server.core.errors import Invalid
from server.core.fields import MAX_INT
from server.core.ids import new_id
from server.core.uow import command
from server.modules.inventory.enums import Activity
from server.modules.inventory.models import Lot
from server.modules.inventory.service import items
from server.modules.inventory.service.taking import InsufficientStock, NotTaken, Wanted
from tests.factories.database import query
from tests.factories.stock import ledger, make_item, receive, set_lot, shelf
from tests.inventory.support import changes, put_back, reconciled, take

SOON, YESTERDAY = date(2026, 4, 1), date(2026, 3, 1)
FACTS = ("lot_number", "unit_cost", "on_hand", "status")


@pytest.fixture
def item(app, clock):
    """Give an item of which there is nothing yet; a unit costs 2.50."""
    return make_item(app, unit_cost=250)


def lot_row(app, lot_id):
    table = Lot.__table__
    stmt = table.select().with_only_columns(*(table.c[name] for name in FACTS)).where(table.c.id == lot_id)
    with app.app_context(), db.engine.connect() as connection:
        return dict(connection.execute(stmt).mappings().one())


def test_units_of_one_number_expiry_and_cost_are_one_lot(app, item):
    first = receive(app, item, 5, lot_number="A1", expires_on=SOON)
    assert receive(app, item, 2, lot_number="A1", expires_on=SOON) == first
    others = [
        receive(app, item, 1, lot_number="A1"),
        receive(app, item, 1, lot_number="A2", expires_on=SOON),
        receive(app, item, 1, lot_number="A1", expires_on=SOON, unit_cost=300),
    ]
    assert len({first, *others}) == 4
    assert shelf(app, item).lots == {first: 7, **dict.fromkeys(others, 1)}
    assert lot_row(app, first) == {"lot_number": "A1", "unit_cost": 250, "on_hand": 7, "status": "available"}


def test_what_is_expired_comes_in_quarantined(app, item):
    assert lot_row(app, receive(app, item, 5, expires_on=YESTERDAY))["status"] == "quarantined"
    assert lot_row(app, receive(app, item, 5, expires_on=date(2026, 3, 2)))["status"] == "available"


def test_more_of_a_blocked_number_is_blocked_too(app, item):
    recalled = receive(app, item, 5, lot_number="A1", expires_on=SOON)
    set_lot(app, recalled, status="recalled")
    assert receive(app, item, 5, lot_number="A1", expires_on=SOON) == recalled
    dearer = receive(app, item, 5, lot_number="A1", expires_on=SOON, unit_cost=300)
    assert lot_row(app, dearer)["status"] == "recalled"
    with pytest.raises(InsufficientStock):
        take(app, Wanted(item, 1))


@pytest.mark.parametrize("quantity", [0, -1, MAX_INT])
def test_how_many_come_in_has_bounds(app, item, quantity):
    receive(app, item, 1)
    with pytest.raises(Invalid) as caught:
        receive(app, item, quantity)
    assert set(caught.value.errors) == {"quantity"}
    assert shelf(app, item).on_hand == 1


def test_nothing_comes_in_of_what_is_not_kept(app):
    with pytest.raises(Invalid) as caught:
        receive(app, new_id(), 1)
    assert set(caught.value.errors) == {"item_id"}


def test_a_document_gives_back_what_it_took_once(app, item):
    soon, endless = receive(app, item, 2, expires_on=SOON), receive(app, item, 5)
    document, other = new_id(), new_id()
    take(app, Wanted(item, 3), document_type="test", document_id=document)
    take(app, Wanted(item, 1), document_type="test", document_id=other)
    assert sorted(changes(put_back(app, document))) == sorted([(soon, 2), (endless, 1)])
    assert shelf(app, item).lots == {soon: 2, endless: 4}
    assert put_back(app, document) == []
    assert [one["activity_type"] for one in ledger(app, item)] == [*["add"] * 2, *["use"] * 3, *["reverse"] * 2]
    assert reconciled(app).differences == []


def test_a_part_may_go_back_but_no_more_than_is_out(app, item):
    lot, other = receive(app, item, 5, lot_number="A"), receive(app, item, 5, lot_number="B")
    document = new_id()
    take(app, Wanted(item, 4, lots=((lot, 4),)), document_type="test", document_id=document)
    assert changes(put_back(app, document, {lot: 3})) == [(lot, 3)]
    for too_much in ({lot: 2}, {other: 1}, {lot: 0}, {lot: -1}, {new_id(): 1}):
        with pytest.raises(NotTaken):
            put_back(app, document, too_much)
    assert changes(put_back(app, document)) == [(lot, 1)]
    assert shelf(app, item).on_hand == 10


def test_what_goes_back_into_a_recalled_lot_stays_recalled(app, item):
    lot = receive(app, item, 5)
    document = new_id()
    take(app, Wanted(item, 5), document_type="test", document_id=document)
    set_lot(app, lot, status="recalled")
    put_back(app, document)
    assert lot_row(app, lot)["status"] == "recalled"
    assert shelf(app, item).on_hand == 5


def test_an_item_may_name_a_category_that_is_there(app):
    with pytest.raises(Invalid) as caught:
        make_item(app, category_id=new_id())
    assert set(caught.value.errors) == {"category_id"}


def test_two_items_do_not_share_a_number(app):
    make_item(app, sku="S-1")
    with pytest.raises(Exception, match="sku"):
        make_item(app, sku="S-1")
    assert len(query(app, "SELECT id FROM items")) == 1


def test_items_keep_what_is_said_of_them(app):
    said = {"name": "Syringe 5 ml", "kind": "equipment", "unit": "box", "reorder_point": 4, "pack_size": 10}
    with app.app_context(), command("tests.add_item", "item"):
        item = items.add_item(**said)
        assert {name: getattr(item, name) for name in said} == said
        assert (item.on_hand, item.is_active, item.version) == (0, True, 1)


def test_discards_are_not_for_people(app, item):
    expired = receive(app, item, 5, expires_on=YESTERDAY)
    moved = take(app, Wanted(item, 2, lots=((expired, 2),)), activity=Activity.DISCARD)
    assert changes(moved) == [(expired, -2)]
