"""Fills, sales, treatments, orders, discards and counts beside each other, against the real server.

A few rounds of each; POLYCLINIC_MINUTE=60 has them work for so many seconds instead (run it with `-s` to see what).
"""

import itertools
import os
import sys
import uuid
from collections import Counter
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from server.core import clock
from server.core.db import db
from server.modules.inventory.enums import Activity
from server.modules.inventory.models import Item, Lot, StockMovement
from server.modules.inventory.service.taking import Wanted
from tests.factories.stock import make_item, receive
from tests.inventory.support import reconciled, take
from tests.live import LiveServer
from tests.pharmacy.day import LOST, Told, make_day, work
from tests.pharmacy.support import assert_register_is_right

ROUNDS = 6
SECONDS = float(os.environ.get("POLYCLINIC_MINUTE") or 0)
FOR_PEOPLE = {"use", "fillpresc", "sellnonpresc"}


def test_the_proof_sees_what_was_taken_out_of_turn(app):
    item = make_item(app)
    for days in (3, 30):
        late = receive(app, item, 5, expires_on=date(2099, 1, days))
    take(app, Wanted(item, 1), activity=Activity.SALE)
    assert_first_expired_went_first(app, {})
    take(app, Wanted(item, 1, lots=((late, 1),)), activity=Activity.SALE)
    with pytest.raises(AssertionError):
        assert_first_expired_went_first(app, {})


def rows(app: Flask, stmt: Any) -> list[Any]:
    with app.app_context(), db.engine.connect() as connection:
        return list(connection.execute(stmt).mappings())


def test_whatever_they_do_beside_each_other_the_ledger_is_the_shelf(app, live_server):
    day = make_day(app, live_server)
    opening = {one["id"] for one in rows(app, select(StockMovement.id))}
    told = work(day, rounds=ROUNDS, seconds=SECONDS)
    sys.stdout.writelines(f"{count:6} {what}\n" for what, count in sorted(told.answers.items(), key=str))
    assert not [one for one in told.answers if one[1] >= 500], complaints(live_server)
    everybody_was_answered(told)
    assert reconciled(app).differences == []
    assert_ledger_is_what_was_told(app, told, without=opening)
    assert_first_expired_went_first(app, day.blocked)
    assert_register_is_right(app)


def complaints(server: LiveServer) -> str:
    """Return what the server wrote down of its errors."""
    return "\n".join(one for one in server.log.read_text().splitlines() if '"level": "info"' not in one)[-4000:]


def everybody_was_answered(told: Told) -> None:
    """Everything was done, or refused for want of stock or since it moved; of an order applied twice one is refused."""
    refused = {(what, status, code) for what, status, code in told.answers if status >= 300}
    expected = {(what, *lost) for what, _, _ in told.answers for lost in LOST}
    assert refused <= expected | {("order apply", 409, "already_received")}
    done = {what for what, status, _ in told.answers if status < 300}
    assert done >= {"fill", "sale", "treatment use", "order apply", "discard", "add", "count"}
    applied = Counter({status: n for (what, status, _), n in told.answers.items() if what == "order apply"})
    assert applied[200] == applied[409] > 0


def assert_ledger_is_what_was_told(app: Flask, told: Told, *, without: set[Any]) -> None:
    """The sums of what was answered are those of the ledger, by item and activity."""
    written: Counter[tuple[str, str]] = Counter()
    for one in rows(app, StockMovement.__table__.select()):
        if one["id"] not in without:
            written[str(one["item_id"]), one["activity_type"]] += one["quantity_changed_by"]
    assert nonzero(written) == nonzero(told.moved)


def nonzero(counts: Counter[tuple[str, str]]) -> dict[tuple[str, str], int]:
    return {key: count for key, count in counts.items() if count}


def assert_first_expired_went_first(app: Flask, blocked: dict[uuid.UUID, int]) -> None:
    """Read the ledger again, line by line: what people got was of the lot that expires first, and of no blocked one."""
    with app.app_context():
        today = clock.today()
    lots = {one["id"]: one for one in rows(app, Lot.__table__.select())}
    assert {lot_id: lots[lot_id]["on_hand"] for lot_id in blocked} == blocked
    assert all(one["on_hand"] >= one["reserved"] == 0 for one in lots.values())
    left: Counter[Any] = Counter()
    numbers: Counter[Any] = Counter()
    table = StockMovement.__table__
    lines = rows(app, table.select().order_by(table.c.item_id, table.c.number))
    for (item_id, _, activity), group in itertools.groupby(lines, _act):
        taken = []
        for one in group:
            numbers[item_id] += 1
            assert one["number"] == numbers[item_id]
            left[one["lot_id"]] += one["quantity_changed_by"]
            left[item_id] += one["quantity_changed_by"]
            assert one["resulting_quantity"] == left[item_id] >= 0
            assert left[one["lot_id"]] >= 0
            taken.append(one["lot_id"])
        if activity in FOR_PEOPLE:
            assert not blocked.keys() & set(taken)
            latest = max(_rank(lots[lot_id]) for lot_id in taken)
            earlier = [
                lot_id
                for lot_id, lot in lots.items()
                if lot["item_id"] == item_id and lot_id not in blocked and _rank(lot) < latest
            ]
            assert {left[lot_id] for lot_id in earlier} <= {0}, (activity, taken)
    assert all(lot["expires_on"] >= today for lot_id, lot in lots.items() if lot_id not in blocked)
    on_hand = {one["id"]: one["on_hand"] for one in rows(app, select(Item.id, Item.on_hand))}
    assert on_hand == {item_id: left[item_id] for item_id in on_hand}


def _act(one: Any) -> tuple[Any, Any, str]:
    return one["item_id"], one["transaction_id"], one["activity_type"]


def _rank(lot: Any) -> tuple[date, Any, Any]:
    return lot["expires_on"], lot["received_at"], lot["id"]
