"""Every balance is what the ledger adds up to, whatever happened, in whatever order and at once."""

import random
from datetime import date

import pytest

from server.core.ids import new_id
from server.modules.inventory.service.taking import InsufficientStock, NotTaken, Wanted
from tests.factories.stock import ledger, make_item, receive, set_item, set_lot, shelf
from tests.inventory.support import put_back, reconciled, take
from tests.patients.test_races import at_once


def test_nothing_at_all_is_in_order(app):
    assert (reconciled(app).checked, reconciled(app).differences) == (0, [])


@pytest.mark.parametrize("seed", range(3))
def test_no_order_of_events_leaves_a_difference(app, seed):
    chance = random.Random(seed)
    stock = [make_item(app) for _ in range(3)]
    documents = []
    for _ in range(40):
        match chance.choice(("receive", "take", "take", "put_back")):
            case "receive":
                expires_on = chance.choice((None, date(2099, 1, 1), date(2020, 1, 1)))
                receive(app, chance.choice(stock), chance.randint(1, 9), expires_on=expires_on)
            case "take":
                documents.append(new_id())
                wanted = [Wanted(chance.choice(stock), chance.randint(1, 6)) for _ in range(2)]
                try:
                    take(app, *wanted, document_type="test", document_id=documents[-1])
                except InsufficientStock:
                    documents.pop()
            case _ if documents:
                put_back(app, chance.choice(documents))
    found = reconciled(app)
    assert found.differences == []
    assert found.checked > len(stock)
    for item in stock:
        balance = 0
        for number, line in enumerate(ledger(app, item), 1):
            balance += line["quantity_changed_by"]
            assert (line["number"], line["resulting_quantity"]) == (number, balance)
        assert balance == shelf(app, item).on_hand == sum(shelf(app, item).lots.values())


def test_a_wrong_balance_is_found(app):
    item, other = make_item(app, stock=5), make_item(app, stock=5)
    (lot,) = shelf(app, other).lots
    set_item(app, item, on_hand=6)
    set_lot(app, lot, on_hand=4)
    found = {(one.item_id, one.lot_id, one.balance, one.ledger) for one in reconciled(app).differences}
    assert found == {(item, None, 6, 5), (other, lot, 4, 5)}


def outcome_of(act):
    try:
        act()
    except (InsufficientStock, NotTaken) as refusal:
        return refusal.code
    return "done"


def test_of_ten_who_take_the_last_units_at_once_so_many_get_them_as_there_are(app):
    item = make_item(app, stock=10)
    outcomes = at_once(10, lambda _number: outcome_of(lambda: take(app, Wanted(item, 3))))
    assert sorted(outcomes) == ["done"] * 3 + ["insufficient_stock"] * 7
    assert shelf(app, item).on_hand == 1
    assert [line["resulting_quantity"] for line in ledger(app, item)] == [10, 7, 4, 1]
    assert reconciled(app).differences == []


def test_who_takes_the_same_items_in_another_order_does_not_lock_the_others_out(app):
    items = [make_item(app, stock=100) for _ in range(4)]

    def act(number):
        order = items if number % 2 else items[::-1]
        return outcome_of(lambda: take(app, *(Wanted(one, 1) for one in order)))

    assert at_once(8, act) == ["done"] * 8
    assert [shelf(app, one).on_hand for one in items] == [92] * 4
    assert reconciled(app).differences == []


def test_what_comes_in_while_others_take_is_not_lost(app):
    item = make_item(app, stock=20)

    def act(number):
        if number % 2:
            return outcome_of(lambda: take(app, Wanted(item, 2)))
        receive(app, item, 3)
        return "done"

    assert at_once(8, act) == ["done"] * 8
    assert shelf(app, item).on_hand == 20 - 4 * 2 + 4 * 3
    assert reconciled(app).differences == []


def test_of_many_who_put_back_the_same_at_once_one_does(app):
    item, document = make_item(app, stock=5), new_id()
    take(app, Wanted(item, 5), document_type="test", document_id=document)
    (lot,) = shelf(app, item).lots
    outcomes = at_once(6, lambda _number: outcome_of(lambda: put_back(app, document, {lot: 5})))
    assert sorted(outcomes) == ["done"] + ["not_taken"] * 5
    assert shelf(app, item).on_hand == 5
    assert reconciled(app).differences == []
