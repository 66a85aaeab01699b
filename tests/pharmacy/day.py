"""A busy day of the pharmacy: eight people who move the same stock over HTTP, and note what they were answered."""

import itertools
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from flask import Flask

from server.core import clock
from tests.factories.calendar import signed_in_doctor
from tests.factories.charts import make_visit
from tests.factories.people import SignedIn, make_patient, relate, signed_in
from tests.factories.stock import make_item, receive, set_lot
from tests.inventory.buying import line
from tests.live import LiveServer
from tests.patients.test_races import at_once, send
from tests.pharmacy.dispensing import Ordered, ordered
from tests.pharmacy.support import Drug, make_controlled, make_drug, witnessed

SEED = 6
# What those are told who lose: there is less than they want, or it moved while they counted.
LOST = frozenset({(409, "insufficient_stock"), (409, "stock_moved")})
_EVER = 1_000_000

Act = Callable[["Told", Random], None]


@dataclass
class Told:
    """What one client was answered: how often what, and how much has moved of which item for what."""

    answers: Counter[tuple[str, int, str | None]] = field(default_factory=Counter)
    moved: Counter[tuple[str, str]] = field(default_factory=Counter)

    def note(self, what: str, answer: tuple[int, Any]) -> dict[str, Any] | None:
        """Count an answer; return what it says where it is a success."""
        status, (body, _headers) = answer
        self.answers[what, status, body.get("code")] += 1
        data: dict[str, Any] | None = body["data"] if status < 300 else None
        return data

    def movements(self, movements: list[dict[str, Any]]) -> None:
        """Note movements as they are answered."""
        for one in movements:
            self.moved[one["item_id"], one["activity_type"]] += one["quantity_changed_by"]


@dataclass
class Day:
    """What there is, and who works with it; no patient is given anything of the lots in `blocked`."""

    app: Flask
    server: LiveServer
    gauze: uuid.UUID
    free: list[Drug]
    bound: Drug
    controlled: Drug
    blocked: dict[uuid.UUID, int]
    prescriptions: list[Ordered]
    visit_id: uuid.UUID
    doctor: SignedIn
    manager: SignedIn
    witness: SignedIn

    @property
    def drugs(self) -> list[Drug]:
        """Return all drugs."""
        return [*self.free, self.bound, self.controlled]

    @property
    def item_ids(self) -> list[uuid.UUID]:
        """Return all items."""
        return [self.gauze, *(one.item_id for one in self.drugs)]

    def item_of(self, medication_id: str) -> str:
        """Return the item on which the stock of a drug is kept."""
        return next(str(one.item_id) for one in self.drugs if one.id == medication_id)

    def proof(self, item_id: uuid.UUID) -> dict[str, Any]:
        """Return what a body says besides where an item is controlled."""
        return witnessed(self.witness) if item_id == self.controlled.item_id else {}

    def clients(self) -> list[Act]:
        """Return what each of the eight does, again and again."""
        pharmacists = [signed_in(self.app, "pharmacist") for _ in range(2)]
        tills = [signed_in(self.app, role) for role in ("cashier", "pharmacist")]
        return [
            *(self._fills(one) for one in pharmacists),
            *(self._sells(one) for one in tills),
            self._treats(),
            self._buys(),
            self._discards_and_adds(),
            self._counts(),
        ]

    def _send(self, someone: SignedIn, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        return send(self.server, someone, method, path, body)

    def _fills(self, someone: SignedIn) -> Act:
        def act(told: Told, chance: Random) -> None:
            path = chance.choice(self.prescriptions).path("fill")
            done = told.note("fill", self._send(someone, "POST", path, {}))
            for one in done["dispenses"] if done else ():
                told.moved[self.item_of(one["medication_id"]), "fillpresc"] -= one["quantity"]

        return act

    def _sells(self, someone: SignedIn) -> Act:
        def act(told: Told, chance: Random) -> None:
            some = chance.sample(self.free, chance.randint(1, len(self.free)))
            lines = [{"medication_id": one.id, "quantity": chance.randint(1, 3)} for one in some]
            body = {"lines": lines, "payment_method": "cash"}
            done = told.note("sale", self._send(someone, "POST", "/transactions", body))
            for one in done["lines"] if done else ():
                told.moved[self.item_of(one["medication_id"]), "sellnonpresc"] -= one["quantity"]

        return act

    def _treats(self) -> Act:
        def act(told: Told, chance: Random) -> None:
            some = chance.sample([self.gauze, self.free[0].item_id, self.bound.item_id], 2)
            used = [{"item_id": str(one), "quantity": chance.randint(1, 3)} for one in some]
            body = {"visit_id": str(self.visit_id), "name": "Dressing", "items_used": used}
            planned = told.note("treatment", self._send(self.doctor, "POST", "/treatments", body))
            assert planned
            path = f"/treatments/{planned['id']}/complete"
            done = told.note("treatment use", self._send(self.doctor, "POST", path, {}))
            for one in done["items_used"] if done else ():
                told.moved[one["item_id"], "use"] -= one["quantity"]

        return act

    def _buys(self) -> Act:
        numbers = itertools.count(1)

        def act(told: Told, chance: Random) -> None:
            # What comes later often expires earlier.
            number, some = next(numbers), chance.sample(self.item_ids, 2)
            body = {"lines": [line(one, chance.randint(4, 8)) for one in some]}
            order = told.note("order", self._send(self.manager, "POST", "/orders", body))
            assert order
            path = f"/orders/{order['id']}"
            status = {"status": "ordered", "version": order["version"]}
            order = told.note("order", self._send(self.manager, "PATCH", f"{path}/status", status))
            assert order
            last_day = str(clock.today() + timedelta(days=chance.randint(3, 300)))
            lots = [
                {"line_id": one["id"], "lot_number": f"O{number}", "expires_on": last_day} for one in order["lines"]
            ]
            body = {"lines": lots, **witnessed(self.witness)}
            both = at_once(2, lambda _: self._send(self.manager, "POST", f"{path}/apply", body))
            done = [told.note("order apply", answer) for answer in both]
            for one in (one for order in done if order for one in order["lines"]):
                told.moved[one["item_id"], "add"] += one["quantity_received"]

        return act

    def _discards_and_adds(self) -> Act:
        numbers = itertools.count(1)

        def act(told: Told, chance: Random) -> None:
            item_id = chance.choice(self.item_ids)
            lot = self._some_lot(told, item_id, chance)
            body = {"activity_type": "discard", "item_id": str(item_id), "lot_id": lot["id"], "reason": "Broken"}
            body |= {"quantity": chance.randint(1, 2), **self.proof(item_id)}
            done = told.note("discard", self._send(self.manager, "POST", "/inventory-updates", body))
            told.movements(done["movements"] if done else [])
            last_day = str(clock.today() + timedelta(days=chance.randint(3, 300)))
            body = {"activity_type": "add", "item_id": str(item_id), "quantity": chance.randint(1, 4)}
            body |= {"lot_number": f"A{next(numbers)}", "expires_on": last_day}
            done = told.note("add", self._send(self.manager, "POST", "/inventory-updates", body))
            told.movements(done["movements"] if done else [])

        return act

    def _counts(self) -> Act:
        def act(told: Told, chance: Random) -> None:
            item_id = chance.choice(self.item_ids)
            lot = self._some_lot(told, item_id, chance)
            counted = max(0, lot["on_hand"] + chance.randint(-1, 1))
            body = {"quantity": counted, "expected_quantity": lot["on_hand"], "lot_id": lot["id"], "reason": "Count"}
            path = f"/items/{item_id}/stock"
            if told.note("count", self._send(self.manager, "PATCH", path, body | self.proof(item_id))):
                told.moved[str(item_id), "count"] += counted - lot["on_hand"]
            begun = told.note(
                "stocktake", self._send(self.manager, "POST", "/stocktakes", {"item_ids": [str(item_id)]})
            )
            assert begun
            path = f"/stocktakes/{begun['id']}"
            seen = [one for one in begun["lines"] if uuid.UUID(one["lot_id"]) not in self.blocked]
            lines = [
                {"lot_id": one["lot_id"], "counted": max(0, one["expected"] + chance.randint(-1, 1))} for one in seen
            ]
            if lines:
                told.note("stocktake", self._send(self.manager, "POST", f"{path}/lines", {"lines": lines}))
            closed = told.note(
                "stocktake close", self._send(self.manager, "POST", f"{path}/close", self.proof(item_id))
            )
            if closed:
                told.movements(closed["movements"])
            else:
                told.note("stocktake", self._send(self.manager, "POST", f"{path}/cancel", {}))

        return act

    def _some_lot(self, told: Told, item_id: uuid.UUID, chance: Random) -> dict[str, Any]:
        shown = told.note("lots", self._send(self.manager, "GET", f"/items/{item_id}/lots?per_page=100"))
        assert shown
        found: dict[str, Any] = chance.choice([one for one in shown if uuid.UUID(one["id"]) not in self.blocked])
        return found


def make_day(app: Flask, server: LiveServer) -> Day:
    """Fill the shelves with little, part of it expired or quarantined, and call everybody in."""
    with app.app_context():
        today = clock.today()
    gauze, free = make_item(app), [make_drug(app, price="1.25", tax_rate="7.7"), make_drug(app, price="0.33")]
    bound, controlled = make_drug(app, prescription_required=True), make_controlled(app)
    blocked: dict[uuid.UUID, int] = {}
    for item_id in (gauze, *(one.item_id for one in (*free, bound, controlled))):
        for number, days in enumerate((90, 30, 3)):
            receive(app, item_id, 12, lot_number=f"L{number}", expires_on=today + timedelta(days=days))
        expired = receive(app, item_id, 9, lot_number="EXPIRED", expires_on=today + timedelta(days=200))
        set_lot(app, expired, expires_on=today - timedelta(days=1))
        held = receive(app, item_id, 9, lot_number="HELD", expires_on=today + timedelta(days=1))
        set_lot(app, held, status="quarantined")
        blocked |= {expired: 9, held: 9}
    often = {"items": {"quantity": 3, "refills_allowed": _EVER}}
    one_each = [ordered(app, drug, **often) for drug in (free[0], bound, controlled)]
    doctor, profile = signed_in_doctor(app)
    patient = make_patient(app)
    relate(app, patient.id, doctor.user.id)
    return Day(
        app,
        server,
        gauze,
        free,
        bound,
        controlled,
        blocked,
        [*one_each, ordered(app, free[1], bound, **often), ordered(app, bound, free[1], **often)],
        make_visit(app, patient.id, profile.id),
        doctor,
        signed_in(app, "pharmacy_manager"),
        signed_in(app, "pharmacist"),
    )


def work(day: Day, *, rounds: int, seconds: float = 0) -> Told:
    """Have all eight work beside each other, so many rounds each or for so many seconds; return what they were told."""
    clients = day.clients()
    said = [Told() for _ in clients]

    def run(number: int) -> None:
        chance = Random(SEED * 100 + number)
        with day.app.app_context():
            for _ in _until(time.monotonic() + seconds) if seconds else range(rounds):
                clients[number](said[number], chance)

    with ThreadPoolExecutor(len(clients)) as pool:
        list(pool.map(run, range(len(clients))))
    together = Told()
    for one in said:
        together.answers.update(one.answers)
        together.moved.update(one.moved)
    return together


def _until(end: float) -> Iterator[None]:
    while time.monotonic() < end:
        yield
