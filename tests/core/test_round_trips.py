"""How often one request goes to PostgreSQL and to Redis, counted on the wire; caches are warm."""

import contextlib
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest
import redis.connection
from sqlalchemy import event

from server.core.db import db
from tests.core.listed import fill_patients
from tests.factories.people import signed_in
from tests.patients.support import path

pytestmark = pytest.mark.only("postgres")


class Trips:
    """What was counted."""

    postgres = 0
    redis = 0


@contextlib.contextmanager
def counting(app: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trips]:
    """Count messages that wait for an answer: Sync and Query to PostgreSQL, packed commands to Redis."""
    trips = Trips()
    with app.app_context():
        engine = db.engine
    traced: list[Any] = []
    with tempfile.TemporaryFile("w+") as wire:

        def trace(connection: Any, _record: Any, _proxy: Any) -> None:
            connection.pgconn.trace(wire.fileno())
            traced.append(connection.pgconn)

        def rest(connection: Any, _record: Any) -> None:
            if connection is not None and connection.pgconn in traced:
                connection.pgconn.untrace()

        def pack(original: Any) -> Any:
            def send(self: Any, *args: Any, **kwargs: Any) -> Any:
                trips.redis += 1
                return original(self, *args, **kwargs)

            return send

        owner = redis.connection.AbstractConnection
        event.listen(engine, "checkout", trace)
        event.listen(engine, "checkin", rest)
        with monkeypatch.context() as patched:
            patched.setattr(owner, "send_packed_command", pack(owner.send_packed_command))
            try:
                yield trips
            finally:
                event.remove(engine, "checkout", trace)
                event.remove(engine, "checkin", rest)
        wire.seek(0)
        sent = [line.split("\t") for line in wire]
        names = [part[3].strip() for part in sent if len(part) > 3 and part[1] == "F"]
        trips.postgres = sum(name in ("Sync", "Query") for name in names)


LISTS = ["/patients?per_page=50", "/patients/search?q=given&per_page=50"]


@pytest.mark.parametrize(
    ("role", "where"),
    [*((role, where) for role in ("admin", "doctor") for where in ("one", *LISTS)), ("admin", "/users?per_page=50")],
)
def test_a_read_makes_two_trips_to_postgres_and_one_to_redis(app, monkeypatch, where, role):
    someone = signed_in(app, role)
    ids = fill_patients(app, 60)
    if where == "one":
        target = path(ids[0])
        if role == "doctor":
            signed_in(app, "admin").post(f"{target}/care-team", json={"user_id": str(someone.user.id)})
    else:
        target = where
    with app.app_context():
        # A connection that other tests have used gives back prepared statements, in trips of its own.
        db.engine.dispose()
    for _ in range(8):  # psycopg prepares a statement, in a trip of its own, when it comes for the sixth time
        assert someone.get(target).status_code == 200
    with counting(app, monkeypatch) as trips:
        assert someone.get(target).status_code == 200
    assert 1 <= trips.postgres <= 2
    assert trips.redis == 1


def test_a_write_with_a_key_makes_few_trips(app, monkeypatch):
    admin = signed_in(app, "admin")
    (patient,) = fill_patients(app, 1)
    admin.get(path(patient))
    with counting(app, monkeypatch) as trips:
        assert admin.patch(path(patient), json={"occupation": "Baker"}).status_code == 200
    assert trips.postgres <= 10
    assert trips.redis == 1
