"""What comes back from a patient is not given to another; what never left goes back where it was."""

from datetime import date

import pytest

from server.core.db import db
from server.core.errors import Invalid
from server.core.ids import new_id
from server.core.uow import command
from server.modules.inventory.enums import Activity
from server.modules.inventory.models import Lot
from server.modules.inventory.service import adjusting, returning
from server.modules.inventory.service.ledger import Cause
from server.modules.inventory.service.taking import InsufficientStock, Wanted
from tests.factories.stock import ledger, make_item, receive, set_lot, shelf
from tests.inventory.support import changes, reconciled, take

SOON, YESTERDAY = date(2026, 4, 1), date(2026, 3, 1)


@pytest.fixture
def item(app, clock):
    """Give an item of which there is nothing yet."""
    return make_item(app, unit_cost=250)


def dispense(app, item, quantity):
    document = new_id()
    take(app, Wanted(item, quantity), activity=Activity.FILL, document_type="dispense", document_id=document)
    return document


def bring_back(app, document, *, to_quarantine):
    cause = Cause(
        activity=Activity.REVERSE, actor=None, document_type="dispense", document_id=document, reason="Wrong dose"
    )
    with app.app_context(), command("tests.bring_back", "stock"):
        return returning.bring_back(cause=cause, to_quarantine=to_quarantine)


def lot_row(app, lot_id):
    table = Lot.__table__
    with app.app_context(), db.engine.connect() as connection:
        return connection.execute(table.select().where(table.c.id == lot_id)).one()


def test_what_never_left_goes_back_into_its_lots(app, item):
    soon, endless = receive(app, item, 2, expires_on=SOON), receive(app, item, 5)
    document = dispense(app, item, 3)
    assert sorted(changes(bring_back(app, document, to_quarantine=False))) == sorted([(soon, 2), (endless, 1)])
    assert shelf(app, item).lots == {soon: 2, endless: 5}
    assert bring_back(app, document, to_quarantine=False) == []
    assert reconciled(app).differences == []


def test_what_was_out_of_the_house_is_quarantined_with_its_facts(app, item):
    lot = receive(app, item, 5, lot_number="A1", expires_on=SOON, unit_cost=300)
    first, second = dispense(app, item, 2), dispense(app, item, 1)
    ((quarantined, change),) = changes(bring_back(app, first, to_quarantine=True))
    assert quarantined != lot
    found = lot_row(app, quarantined)
    assert (found.status, found.on_hand, change) == ("quarantined", 2, 2)
    assert (found.lot_number, found.expires_on, found.unit_cost) == ("A1", SOON, 300)
    assert found.status_reason == "Wrong dose"
    # The next of the same facts joins it.
    assert changes(bring_back(app, second, to_quarantine=True)) == [(quarantined, 1)]
    assert shelf(app, item).lots == {lot: 2, quarantined: 3}
    assert [line["activity_type"] for line in ledger(app, item)[-2:]] == ["reverse"] * 2
    assert reconciled(app).differences == []


def test_nothing_comes_back_twice_by_either_way(app, item):
    receive(app, item, 5)
    document = dispense(app, item, 2)
    bring_back(app, document, to_quarantine=True)
    for to_quarantine in (True, False):
        assert bring_back(app, document, to_quarantine=to_quarantine) == []
    assert shelf(app, item).on_hand == 5


def test_what_came_of_a_blocked_lot_goes_back_into_it(app, item):
    lot = receive(app, item, 5, lot_number="A1")
    document = dispense(app, item, 2)
    set_lot(app, lot, status="recalled")
    assert changes(bring_back(app, document, to_quarantine=True)) == [(lot, 2)]
    assert lot_row(app, lot).status == "recalled"


def test_what_is_quarantined_beside_a_lot_does_not_block_what_comes_in(app, item):
    lot = receive(app, item, 5, lot_number="A1")
    bring_back(app, dispense(app, item, 2), to_quarantine=True)
    assert receive(app, item, 3, lot_number="A1") == lot
    assert lot_row(app, lot).status == "available"


# Thrown away


def discard(app, item_id, quantity, lot_id=None):
    cause = Cause(activity=Activity.DISCARD, actor=None, reason="Broken")
    with app.app_context(), command("tests.discard", "stock"):
        return adjusting.discard(item_id=item_id, quantity=quantity, lot_id=lot_id, cause=cause)


def test_what_is_expired_or_blocked_is_thrown_away(app, item):
    expired, good = receive(app, item, 5, expires_on=YESTERDAY), receive(app, item, 5)
    set_lot(app, good, status="damaged")
    assert changes(discard(app, item, 6)) == [(expired, -5), (good, -1)]
    assert changes(discard(app, item, 2, good)) == [(good, -2)]
    with pytest.raises(InsufficientStock):
        discard(app, item, 3, good)
    assert {(line["activity_type"], line["reason"]) for line in ledger(app, item)[2:]} == {("discard", "Broken")}


def test_what_cannot_be_thrown_away_is_named(app, item):
    lot = receive(app, item, 5)
    for field, wrong in (("item_id", (new_id(), 1)), ("lot_id", (item, 1, new_id())), ("quantity", (item, 0, lot))):
        with pytest.raises(Invalid) as caught:
            discard(app, *wrong)
        assert set(caught.value.errors) == {field}
    assert shelf(app, item).on_hand == 5
