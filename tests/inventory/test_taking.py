"""Stock leaves by one door: what expires first goes first, whole or not at all, and never what is not there."""

import uuid
from datetime import UTC, date, datetime

import pytest

from server.core.db import db
from server.core.errors import Invalid
from server.core.ids import new_id
from server.core.uow import command
from server.modules.inventory import signals
from server.modules.inventory.enums import Activity
from server.modules.inventory.models import Item, Lot
from server.modules.inventory.service import ledger as ledgers, shelves
from server.modules.inventory.service.taking import InsufficientStock, Wanted
from tests.factories.database import query
from tests.factories.people import make_user
from tests.factories.stock import ledger, make_item, receive, set_item, set_lot, shelf
from tests.inventory.support import changes, reconciled, take

LATER, SOON, TODAY, YESTERDAY = date(2027, 1, 1), date(2026, 4, 1), date(2026, 3, 2), date(2026, 3, 1)


@pytest.fixture
def item(app, clock):
    """Give an item of which there is nothing yet."""
    return make_item(app)


def refused_fields(caught):
    return set(caught.value.errors)


def test_what_expires_first_goes_first(app, item):
    endless = receive(app, item, 5)
    later = receive(app, item, 5, expires_on=LATER)
    soon = receive(app, item, 5, expires_on=SOON)
    assert changes(take(app, Wanted(item, 7))) == [(soon, -5), (later, -2)]
    assert changes(take(app, Wanted(item, 4))) == [(later, -3), (endless, -1)]
    assert shelf(app, item).lots == {endless: 4, later: 0, soon: 0}
    assert shelf(app, item).on_hand == 4


def test_of_two_that_expire_together_the_older_goes_first(app, clock, item):
    first = receive(app, item, 5, expires_on=SOON, lot_number="Z")
    clock.shift(1)
    second = receive(app, item, 5, expires_on=SOON, lot_number="A")
    assert changes(take(app, Wanted(item, 6))) == [(first, -5), (second, -1)]


@pytest.mark.parametrize(
    ("moment", "is_there"),
    [
        # The clinic is in Berlin, an hour ahead in winter.
        (datetime(2026, 3, 2, 22, 59, tzinfo=UTC), True),
        (datetime(2026, 3, 2, 23, 0, tzinfo=UTC), False),
    ],
)
def test_a_lot_is_used_up_to_the_end_of_its_last_day_at_the_clinic(app, clock, item, moment, is_there):
    receive(app, item, 1, expires_on=TODAY)
    clock.move_to(moment)
    if is_there:
        assert len(take(app, Wanted(item, 1))) == 1
    else:
        with pytest.raises(InsufficientStock) as caught:
            take(app, Wanted(item, 1))
        assert caught.value.details["available"] == 0


@pytest.mark.parametrize("status", ["quarantined", "on_hold", "recalled", "damaged"])
def test_blocked_lots_are_not_taken_from(app, item, status):
    blocked, good = receive(app, item, 5, expires_on=SOON), receive(app, item, 5)
    set_lot(app, blocked, status=status)
    assert changes(take(app, Wanted(item, 5))) == [(good, -5)]
    with pytest.raises(InsufficientStock):
        take(app, Wanted(item, 1))


def test_what_is_reserved_is_not_touched(app, item):
    lot = receive(app, item, 5)
    set_lot(app, lot, reserved=3)
    with pytest.raises(InsufficientStock) as caught:
        take(app, Wanted(item, 3))
    assert caught.value.details["available"] == 2
    assert changes(take(app, Wanted(item, 2))) == [(lot, -2)]
    # Nor by throwing it away.
    with pytest.raises(InsufficientStock):
        take(app, Wanted(item, 1), activity=Activity.DISCARD)


def test_named_lots_are_taken_as_they_are_named(app, item):
    soon, later = receive(app, item, 5, expires_on=SOON), receive(app, item, 5, expires_on=LATER)
    moved = take(app, Wanted(item, 4, lots=((later, 3), (soon, 1))))
    assert changes(moved) == [(later, -3), (soon, -1)]


def test_a_named_lot_has_to_be_fit_and_of_the_item(app, item):
    recalled, expired = receive(app, item, 5), receive(app, item, 5, expires_on=YESTERDAY)
    set_lot(app, recalled, status="recalled")
    foreign = receive(app, make_item(app), 5)
    for lot in (recalled, expired, foreign, new_id()):
        with pytest.raises(Invalid) as caught:
            take(app, Wanted(item, 1, lots=((lot, 1),), path="items.2"))
        assert refused_fields(caught) == {"items.2.lots.0.lot_id"}


def test_named_lots_add_up_and_hold_enough(app, item):
    lot = receive(app, item, 5)
    with pytest.raises(Invalid) as caught:
        take(app, Wanted(item, 3, lots=((lot, 2),)))
    assert refused_fields(caught) == {"lots"}
    with pytest.raises(InsufficientStock) as short:
        take(app, Wanted(item, 6, lots=((lot, 6),)))
    assert short.value.details["available"] == 5
    with pytest.raises(InsufficientStock):
        take(app, Wanted(item, 6, lots=((lot, 3), (lot, 3))))
    assert shelf(app, item).on_hand == 5


def test_it_is_all_or_nothing_and_says_all_that_is_short(app, item):
    plenty, short = make_item(app, stock=10), make_item(app, stock=1)
    with pytest.raises(InsufficientStock) as caught:
        take(app, Wanted(plenty, 2), Wanted(short, 2), Wanted(item, 1))
    told = caught.value.details
    assert (told["item_id"], told["available"], told["requested"]) == (short, 1, 2)
    assert [(one["item_id"], one["available"], one["requested"]) for one in told["shortages"]] == [
        (short, 1, 2),
        (item, 0, 1),
    ]
    assert (shelf(app, plenty).on_hand, shelf(app, short).on_hand) == (10, 1)
    assert len(ledger(app, plenty)) == 1


def test_one_item_may_be_wanted_twice(app, item):
    receive(app, item, 5)
    with pytest.raises(InsufficientStock) as caught:
        take(app, Wanted(item, 3), Wanted(item, 3))
    assert caught.value.details["available"] == 2
    assert [one.change for one in take(app, Wanted(item, 3), Wanted(item, 2))] == [-3, -2]


def test_unknown_items_and_such_as_are_not_in_use(app, item):
    receive(app, item, 5)
    with pytest.raises(Invalid) as caught:
        take(app, Wanted(new_id(), 1, path="items_used.1"))
    assert refused_fields(caught) == {"items_used.1.item_id"}
    set_item(app, item, is_active=False)
    with pytest.raises(Invalid) as caught:
        take(app, Wanted(item, 1, path="items_used.0"))
    assert refused_fields(caught) == {"items_used.0.item_id"}
    # What nobody uses any more is still thrown away.
    assert len(take(app, Wanted(item, 5), activity=Activity.DISCARD)) == 1


def test_what_is_expired_or_blocked_is_thrown_away_first(app, item):
    good, expired = receive(app, item, 5, expires_on=SOON), receive(app, item, 5, expires_on=YESTERDAY)
    assert changes(take(app, Wanted(item, 6), activity=Activity.DISCARD)) == [(expired, -5), (good, -1)]


def test_each_line_of_the_ledger_has_its_own_result(app, item):
    soon, later = receive(app, item, 5, expires_on=SOON), receive(app, item, 5, expires_on=LATER)
    other = make_item(app, stock=3)
    document = new_id()
    user = make_user(app, "nurse")
    actor = type("Actor", (), {"user_id": user.id})
    with app.app_context(), command("tests.take", "stock"):
        from server.modules.inventory.service import taking

        cause = ledgers.Cause(activity=Activity.USE, actor=actor, document_type="treatment", document_id=document)
        taking.take([Wanted(item, 7), Wanted(other, 1)], cause=cause)
    lines = ledger(app, item)
    assert [(one["number"], one["quantity_changed_by"], one["resulting_quantity"]) for one in lines] == [
        (1, 5, 5),
        (2, 5, 10),
        (3, -5, 5),
        (4, -2, 3),
    ]
    assert [one["lot_id"] for one in lines] == [soon, later, soon, later]
    taken = [*lines[2:], *ledger(app, other)[1:]]
    assert len(taken) == 3
    assert len({one["transaction_id"] for one in taken}) == 1
    assert {one["document_id"] for one in taken} == {document}
    assert {(one["document_type"], one["activity_type"], one["user_id"]) for one in taken} == {
        ("treatment", "use", user.id)
    }


def test_a_movement_is_no_change_of_item_or_lot(app, clock, item):
    lot = receive(app, item, 5)
    before = [versions(app, Item, item), versions(app, Lot, lot)]
    clock.shift(60)
    take(app, Wanted(item, 1))
    assert [versions(app, Item, item), versions(app, Lot, lot)] == before


def versions(app, model, row_id):
    with app.app_context(), db.engine.connect() as connection:
        table = model.__table__
        stmt = table.select().with_only_columns(table.c.version, table.c.updated_at).where(table.c.id == row_id)
        return tuple(connection.execute(stmt).one())


def test_balances_that_somebody_else_wrote_are_noticed(app, item):
    receive(app, item, 5)
    with app.app_context(), command("tests.take", "stock"):
        shelf_of = shelves.locked([item])[item]
        db.session.execute(Item.__table__.update().where(Item.id == item).values(movement_count=7))
        step = ledgers.Step(shelf_of, shelf_of.lots[0], -1)
        with pytest.raises(ledgers.StockMoved):
            ledgers.write([step], cause=ledgers.Cause(activity=Activity.USE, actor=None))


@pytest.fixture
def crossings():
    """Give the list of the crossings of a reorder point that were told."""
    told = []

    def note(_sender, **facts):
        told.append(facts)

    with signals.reorder_point_crossed.connected_to(note):
        yield told


def test_sinking_to_the_reorder_point_is_told_once(app, item, crossings):
    set_item(app, item, reorder_point=3)
    receive(app, item, 5)
    take(app, Wanted(item, 1))
    assert crossings == []
    take(app, Wanted(item, 1))
    assert crossings == [{"item_id": item, "available": 3, "reorder_point": 3}]
    take(app, Wanted(item, 1))
    assert len(crossings) == 1
    receive(app, item, 2)
    assert len(crossings) == 1
    take(app, Wanted(item, 4))
    assert [one["available"] for one in crossings] == [3, 0]


def test_what_cannot_be_used_does_not_count_for_the_reorder_point(app, item, crossings):
    set_item(app, item, reorder_point=3)
    receive(app, item, 5)
    receive(app, item, 50, expires_on=YESTERDAY)
    take(app, Wanted(item, 2))
    assert [one["available"] for one in crossings] == [3]
    take(app, Wanted(item, 50), activity=Activity.DISCARD)
    assert len(crossings) == 1


def test_a_take_that_fails_tells_nothing(app, item, crossings):
    receive(app, item, 5)
    with pytest.raises(InsufficientStock):
        take(app, Wanted(item, 5), Wanted(item, 1))
    assert crossings == []


@pytest.mark.parametrize(
    "change", ["UPDATE stock_movements SET quantity_changed_by = 1", "DELETE FROM stock_movements"]
)
def test_the_ledger_cannot_be_changed(app, item, change):
    receive(app, item, 5)
    before = ledger(app, item)
    with pytest.raises(Exception, match="never changed"):  # of whichever driver
        query(app, change)
    assert ledger(app, item) == before
    assert reconciled(app).differences == []


def test_stock_is_never_below_zero_even_by_sql(app, item):
    lot = receive(app, item, 5)
    with pytest.raises(Exception, match="ck_lots_"):
        set_lot(app, lot, on_hand=-1)
    with pytest.raises(Exception, match="ck_items_on_hand"):
        set_item(app, item, on_hand=-1)
    assert shelf(app, item).lots == {lot: 5}


def test_ids_are_uuids(app, item):
    receive(app, item, 1)
    (moved,) = take(app, Wanted(item, 1))
    assert isinstance(moved.id, uuid.UUID)
    assert moved.id == ledger(app, item)[-1]["id"]
