"""What opens nothing any more is removed, and nothing that still does."""

from datetime import timedelta

import pytest

from server.modules.auth import cleaning
from tests.factories.database import query
from tests.factories.people import API, make_user, signed_in

DAY = 86400


def count(app, table):
    return query(app, f"SELECT count(*) AS n FROM {table}")[0]["n"]


@pytest.fixture
def clean(app):
    """Do all of it and return what each removed."""

    def run():
        with app.app_context():
            return (
                cleaning.forget_tokens(),
                cleaning.forget_sessions(),
                cleaning.forget_counters(),
                cleaning.forget_devices(),
            )

    return run


def test_what_ended_is_kept_for_a_while_and_then_removed(app, clock, client, clean):
    user = make_user(app, "nurse")
    signed_in(app, user=user)
    client.post(f"{API}/auth/forgot-password", json={"email": user.email})
    client.post(f"{API}/auth/login", json={"identifier": user.email, "password": "wrong"})
    app.test_cli_runner().invoke(args=["jobs", "run", "--once"])
    kept = {table: count(app, table) for table in ("one_time_tokens", "sessions", "throttles", "devices")}
    assert all(kept.values())
    assert clean() == (0, 0, 0, 0)
    clock.shift(31 * DAY)
    assert clean() == (kept["one_time_tokens"], 0, 0, 0)
    clock.shift(60 * DAY)
    assert clean() == (0, kept["sessions"], kept["throttles"], 0)
    clock.shift(timedelta(days=310))
    assert clean() == (0, 0, 0, kept["devices"])
    assert signed_in(app, user=user).get("/auth/me").status_code == 200


def test_a_device_with_a_session_stays(app, clock, clean):
    client = signed_in(app, "nurse")
    query(app, "UPDATE devices SET last_used_at = '2020-01-01 00:00:00+00:00'")
    assert clean()[3] == 0
    assert client.get("/auth/me").status_code == 200


def test_more_than_fit_into_one_transaction_go_too(app, clock, monkeypatch, clean):
    monkeypatch.setattr(cleaning, "_AT_ONCE", 2)
    user = make_user(app, "nurse")
    for _ in range(5):
        signed_in(app, user=user)
    clock.shift(100 * DAY)
    assert clean()[1] == 5
    assert count(app, "sessions") == 0
