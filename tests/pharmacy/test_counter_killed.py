"""Kill -9 in the middle of a sale: all of it or nothing, and sent again with its key it is sold once."""

import http.client
import os
import time
import urllib.error
import uuid
from typing import Any

import pytest

from tests.factories.database import query
from tests.factories.people import signed_in
from tests.factories.stock import ledger, shelf
from tests.inventory.support import reconciled
from tests.live import PATIENCE, LiveServer
from tests.patients.test_races import send
from tests.pharmacy.dispensing import done, fill, ordered
from tests.pharmacy.support import make_drug

# So many sales are killed; KILL_ROUNDS=50 is the long way.
ROUNDS = int(os.environ.get("KILL_ROUNDS", "5"))
# As tests/pharmacy/dying.py has them, which only a server process can load.
POINTS = ("stock", "payment", "commit", "answer")


@pytest.fixture
def order(leg):
    """Give the file that says where the server dies."""
    return leg.folder / "die-at"


@pytest.fixture
def dying_server(app, leg, order):
    """Give gunicorn with an application that kills itself on order."""
    server = LiveServer(leg, application="tests.pharmacy.dying:app", DIE_AT=str(order))
    server.start()
    yield server
    server.stop()


def sell_until_answered(server: LiveServer, someone: Any, body: Any, key: str) -> tuple[int, int, Any, dict[str, str]]:
    """Send a sale again with its key until it is answered; return how often it was not, and the answer."""
    unanswered, end = 0, time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            status, (answer, headers) = send(server, someone, "POST", "/transactions", body, **{"Idempotency-Key": key})
        except (urllib.error.URLError, http.client.HTTPException, ConnectionError):
            unanswered += 1
            continue
        # The database may not know yet that nobody holds the key any more.
        if answer.get("code") != "idempotency_in_progress":
            return unanswered, status, answer, headers
    raise AssertionError("the server did not come back")


def test_a_sale_is_whole_or_not_at_all(app, dying_server, order):
    pharmacist, drug = signed_in(app, "pharmacist"), make_drug(app, stock=20 * ROUNDS + 3 * ROUNDS)
    dispenses = [done(fill(pharmacist, ordered(app, drug))) for _ in range(ROUNDS)]
    for number, dispense in enumerate(dispenses, 1):
        point = POINTS[number % len(POINTS)]
        lines = [{"dispense_id": dispense["id"]}, {"medication_id": drug.id, "quantity": 3}]
        body = {"lines": lines, "payment_method": "cash"}
        order.write_text(point)
        unanswered, status, answer, headers = sell_until_answered(dying_server, pharmacist, body, str(uuid.uuid4()))
        assert not order.exists(), point
        assert unanswered, point
        assert status == 201, (point, answer)
        assert ("Idempotency-Replayed" in headers) == (point == "answer")
        assert answer["data"]["receipt_number"] == f"R-{number:06}"
        counted = {
            table: query(app, f"SELECT count(*) AS n FROM {table}")[0]["n"]
            for table in ("sales", "sale_lines", "sale_payments")
        }
        assert counted == {"sales": number, "sale_lines": 2 * number, "sale_payments": number}
        assert shelf(app, drug.item_id).on_hand == 3 * (ROUNDS - number)
        moved = [line for line in ledger(app, drug.item_id) if line["activity_type"] == "sellnonpresc"]
        assert len(moved) == number
        assert len(query(app, "SELECT id FROM dispenses WHERE settled_id IS NOT NULL")) == number
        logged = query(app, "SELECT id FROM audit_logs WHERE action = 'transactions.sell' AND status = 201")
        assert len(logged) == number + sum(POINTS[one % len(POINTS)] == "answer" for one in range(1, number + 1))
    assert reconciled(app).differences == []
