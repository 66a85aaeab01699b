"""The floor and the peer answer what we answer, from the rows that the application would have stored."""

import itertools
import re

import psycopg
import pytest
import redis
from sqlalchemy import select
from werkzeug.test import Client

from benchmarks import floor, seed, seed_calendar
from benchmarks.bookings import PATH, Supply, compare as compare_bookings
from benchmarks.cases import ask, difference
from benchmarks.clinic import Clinic
from benchmarks.contend import LOCKED
from benchmarks.servers import Server
from server.core.db import db
from server.modules.audit.models import AuditLog
from server.modules.patients.models import Patient
from server.modules.patients.service.people import keys_of, mrn_of
from tests.factories.people import API, signed_in
from tests.servers import dsn

pytestmark = pytest.mark.only("postgres")

PATHS = [
    f"{API}/patients/{seed.patient_id(3)}",
    f"{API}/patients?per_page=10&page=2",
    f"{API}/patients?per_page=50",
    f"{API}/patients/search?q=mar",
    f"{API}/patients/search?q=201&per_page=7",
    f"{API}/patients/search?q=zzz",
]


@pytest.fixture
def seeded(app, leg, monkeypatch):
    """Give the application on a database with a few patients, and tell the others where it is."""
    with psycopg.connect(dsn(leg.database_uri), autocommit=True) as connection:
        seed.fill_patients(connection, 40)
    for name, value in leg.environ().items():
        monkeypatch.setenv(name, value)
    return app


@pytest.fixture
def supply(seeded, leg, tmp_path):
    """Give free times of doctors."""
    # The first patients have appointments already.
    clinic = Clinic(40, 2, leg.environ(), tmp_path, [], booked=itertools.count(10))
    with clinic.connect() as connection:
        seed_calendar.fill_calendar(connection, patients=40, appointments=2, zone=clinic.zone)
    return Supply(clinic)


@pytest.fixture
def desk(seeded):
    return signed_in(seeded, "receptionist")


def test_seeded_patients_are_as_the_application_stores_them(seeded):
    with seeded.app_context(), db.engine.connect() as connection:
        rows = connection.execute(select(*Patient.__table__.c).order_by(Patient.number)).all()
    assert len(rows) == 40
    for number, row in enumerate(rows, 1):
        assert (row.id, row.mrn) == (seed.patient_id(number), mrn_of(number))
        with seeded.app_context():
            assert {name: getattr(row, name) for name in keys_of(row)} == keys_of(row)


def test_the_next_patient_gets_the_next_number(desk):
    body = {"first_name": "Nia", "last_name": "Newcomer", "date_of_birth": "1990-01-01", "sex": "female"}
    assert desk.post("/patients", json=body).json["data"]["mrn"] == mrn_of(41)


def test_the_floor_answers_as_we_do(desk):
    for path in PATHS:
        ours, theirs = desk.get(path.removeprefix(API)), Client(floor.app).get(path)
        assert (ours.status_code, theirs.status_code) == (200, 200)
        assert difference(ours.json, theirs.json) is None
    floor.disconnect()


WRITTEN = ("appointments", "taken_intervals", "appointment_events", "care_relations", "notifications", "outbox")
# What differs between two bookings, and what nobody knows on the floor, where nobody signs in.
APART = re.compile(r"id|at|.*_(id|at|on|from|to|key|by)|details|title|search_text")


def rows_written(app, before):
    """Return the rows that are there now and were not before, without what differs from booking to booking."""
    found, present = [], {}
    with app.app_context(), db.engine.connect() as connection:
        for name in WRITTEN:
            table = db.metadata.tables[name]
            rows = connection.execute(select(table)).mappings().all()
            present[name] = {row["id"] for row in rows}
            fresh = [row for row in rows if row["id"] not in before.get(name, ())]
            found += [(name, {key: one for key, one in row.items() if not APART.fullmatch(key)}) for row in fresh]
    return sorted(map(str, found)), present


def test_a_booking_writes_the_same_rows_on_the_floor(desk, seeded, supply):
    bodies = supply.bodies()
    _, present = rows_written(seeded, {})
    assert desk.post("/appointments", json=next(bodies)).status_code == 201
    ours, present = rows_written(seeded, present)
    client = Client(floor.app)
    for path in (PATH, LOCKED):
        body = next(bodies)
        assert client.post(path, json=body).status_code == 201
        theirs, present = rows_written(seeded, present)
        assert theirs == ours
        assert client.post(path, json=body).status_code == 409
        assert desk.post("/appointments", json=body).json["code"] == "slot_taken"
        nothing, present = rows_written(seeded, present)
        assert nothing == []
    floor.disconnect()


@pytest.fixture
def peer(seeded, leg, tmp_path):
    """Give the port of the peer."""
    pytest.importorskip("fastapi", reason="the peer is not installed: pipenv sync --categories benchmark")
    server = Server("peer", leg.environ(), tmp_path, workers=1).start()
    yield server.port
    server.stop()


def test_the_peer_answers_and_records_as_we_do_and_lets_no_ended_session_in(desk, leg, seeded, peer, supply):
    for path in PATHS:
        ours, theirs = desk.get(path.removeprefix(API)), ask(peer, "GET", path, desk.tokens.access)
        assert (ours.status_code, theirs[0]) == (200, 200), theirs
        assert difference(ours.json, theirs[1]) is None
    with seeded.app_context(), db.engine.connect() as connection:
        told = (AuditLog.action, AuditLog.actor_id, AuditLog.object_id, AuditLog.object_count, AuditLog.outcome)
        rows = connection.execute(select(*told).where(AuditLog.action.startswith("patients.")).order_by(AuditLog.id))
        said = rows.all()
    assert len(said) == 2 * len(PATHS)
    assert said[::2] == said[1::2]
    _, present = rows_written(seeded, {})
    compare_bookings(supply, {"peer": peer}, desk.tokens.access)
    theirs, present = rows_written(seeded, present)
    assert desk.post("/appointments", json=next(supply.bodies())).status_code == 201
    assert theirs == rows_written(seeded, present)[0]
    assert ask(peer, "GET", PATHS[0], "nonsense")[0] == 401
    with redis.Redis.from_url(leg.redis_url) as client:
        client.set(f"blocklist:{desk.tokens.session_id}", "1")
    assert ask(peer, "GET", PATHS[0], desk.tokens.access)[0] == 401


def test_differences_are_named():
    assert difference({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}) == "$.a[1].b: 2 and 3"
    assert difference({"a": 1, "b": None}, {"a": 1}) is None
    assert difference([1], [1, 2]) == "$: [1] and [1, 2]"
