"""Kill -9 in the middle of writes: no change without its row, no row of success without its change."""

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.factories.database import query
from tests.factories.people import API, make_patient, signed_in

ROUNDS = 3
WRITES = 200
THREADS = 16


def write(session, base, headers, number, patient_id):
    """Do one of four kinds of writes; the server may be dead by then."""
    person = {"first_name": "Kill", "last_name": f"Nine{number}", "confirm_new": True}
    user = {"email": f"kill{number}@example.com", "first_name": "K", "last_name": "N", "roles": ["nurse"]}
    kind = number % 4
    with contextlib.suppress(requests.RequestException):
        if kind in (0, 1):
            body = {**person, "date_of_birth": "1990-01-01", "sex": "other"}
            session.post(f"{base}/patients", json=body, headers=headers, timeout=20)
        elif kind == 2:
            session.post(f"{base}/users", json=user, headers=headers, timeout=20)
        else:
            session.patch(
                f"{base}/patients/{patient_id}", json={"notes": f"note {number}"}, headers=headers, timeout=20
            )


def facts(app, table, action):
    """Return the ids that are there and those that the log says were made."""
    there = {str(row["id"]).replace("-", "") for row in query(app, f"SELECT id FROM {table} WHERE last_name LIKE 'N%'")}
    logged = query(app, "SELECT object_id FROM audit_logs WHERE action = :action AND status = 201", action=action)
    return there, {str(row["object_id"]).replace("-", "") for row in logged}


@pytest.mark.slow
def test_change_and_row_live_or_die_together(app, live_server):
    admin, patient = signed_in(app, "admin"), make_patient(app, first_name="Target", last_name="Zero")
    base = live_server.base_url + API
    done = []
    for round_number in range(ROUNDS):
        if round_number:
            live_server.start()
        numbers = range(round_number * WRITES, (round_number + 1) * WRITES)
        finished = threading.Semaphore(0)

        def work(number, finished=finished):
            with requests.Session() as session:
                write(session, base, admin.tokens.headers, number, patient.id)
            finished.release()

        with ThreadPoolExecutor(THREADS) as pool:
            for number in numbers:
                pool.submit(work, number)
            for _ in range(30 + 40 * round_number):
                finished.acquire(timeout=10)
            time.sleep(0.003 * round_number)
            live_server.kill()
        made, logged = facts(app, "patients", "patients.register")
        assert made == logged
        invited, invitations = facts(app, "users", "users.invite")
        assert invited == invitations
        version = query(app, "SELECT version FROM patients WHERE first_name = 'Target'")[0]["version"]
        changes = query(
            app, "SELECT version_after FROM audit_logs WHERE action = 'patients.update' AND status = 200 ORDER BY id"
        )
        assert sorted(row["version_after"] for row in changes) == list(range(2, version + 1))
        done.append((len(made), len(invited), version))
    # Something was written in each round, and not everything: the kill came in the middle.
    assert done == sorted(done)
    assert done[0] > (0, 0, 1)
    assert done[-1][0] < ROUNDS * WRITES / 2
