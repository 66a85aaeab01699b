"""SQL is the truth about sessions and authority, Redis a copy: losing it revives nothing, a stale one never wins."""

import contextlib

import pytest
import redis
import requests

from server.modules.auth import principals
from tests.factories.database import query
from tests.factories.people import API, make_patient, make_user, sign_in, signed_in
from tests.factories.relay import Relay

ME = f"{API}/auth/me"


@pytest.fixture
def relay(leg):
    """Give a line to Redis that can be cut."""
    line = Relay(leg.redis_url)
    yield line
    line.cut()


def get(client, path, tokens):
    return client.get(path, headers=tokens.headers).status_code


def log_out(client, tokens):
    assert client.post(f"{API}/auth/logout", headers=tokens.headers).status_code == 200


def both_tokens(client, tokens):
    renewed = client.post(f"{API}/auth/refresh", json={"refresh_token": tokens.refresh})
    return get(client, ME, tokens), renewed.status_code


@pytest.mark.only("postgres")
def test_after_logout_a_flushed_redis_revives_nothing(app, client, leg):
    user = make_user(app, "doctor")
    tokens, other = sign_in(client, user), sign_in(client, user)
    assert (get(client, ME, tokens), get(client, ME, other)) == (200, 200)
    log_out(client, tokens)
    with redis.Redis.from_url(leg.redis_url) as store:
        store.flushdb()
    # The other session puts the user's authority back into Redis.
    assert get(client, ME, other) == 200
    assert both_tokens(client, tokens) == (401, 401)


@pytest.mark.only("postgres")
def test_after_logout_a_dead_redis_revives_nothing(app, make_app, relay):
    client = make_app(REDIS_URL=relay.url).test_client()
    user = make_user(app, "doctor")
    tokens, other = sign_in(client, user), sign_in(client, user)
    assert (get(client, ME, tokens), get(client, ME, other)) == (200, 200)
    log_out(client, tokens)
    relay.cut()
    assert both_tokens(client, tokens) == (401, 401)
    assert get(client, ME, other) == 200


@pytest.mark.only("postgres")
def test_while_redis_is_dead_everything_works_on_sql(app, make_app, relay):
    client = make_app(REDIS_URL=relay.url).test_client()
    user = make_user(app, "doctor")
    relay.cut()
    tokens, other = sign_in(client, user), sign_in(client, user)
    assert (get(client, ME, tokens), get(client, ME, other)) == (200, 200)
    log_out(client, tokens)
    assert both_tokens(client, tokens) == (401, 401)
    assert both_tokens(client, other) == (200, 200)


@pytest.mark.only("postgres")
def test_what_redis_says_of_another_session_or_user_is_not_believed(app, client, leg):
    doctor, admin = sign_in(client, make_user(app, "doctor")), sign_in(client, make_user(app, "admin"))
    assert (get(client, ME, doctor), get(client, ME, admin)) == (200, 200)
    with redis.Redis.from_url(leg.redis_url) as store:
        copies = {key.decode(): store.get(key) for key in store.scan_iter() if b"principal" in key}
        of_admin = next(key for key in copies if admin.session_id in key)
        store.set(of_admin.replace(admin.session_id, doctor.session_id), copies[of_admin])
    assert get(client, f"{API}/users", doctor) == 403


def test_a_demoted_user_loses_the_right_on_the_next_request(app, as_role):
    admin, second = as_role("admin"), as_role("admin")
    assert second.get("/users").status_code == 200
    changed = admin.patch(f"/users/{second.user.id}", json={"roles": ["receptionist"]})
    assert changed.status_code == 200
    assert second.get("/users").status_code == 403
    assert second.get("/patients").status_code == 200
    assert "users:read" not in second.get("/auth/me").json["data"]["permissions"]


def test_a_promoted_user_gains_the_right_on_the_next_request(as_role):
    admin, clerk = as_role("admin"), as_role("cashier")
    assert clerk.get("/audit-logs").status_code == 403
    admin.patch(f"/users/{clerk.user.id}", json={"roles": ["cashier", "admin"]})
    assert clerk.get("/audit-logs").status_code == 200


def test_a_deactivated_user_is_out_on_the_next_request(as_role):
    admin, doctor = as_role("admin"), as_role("doctor")
    assert doctor.get("/patients").status_code == 200
    assert admin.delete(f"/users/{doctor.user.id}").status_code == 204
    answer = doctor.get("/patients")
    assert (answer.status_code, answer.json["code"]) == (401, "invalid_token")


def test_a_locked_user_keeps_open_sessions(app, as_role):
    doctor = as_role("doctor")
    query(app, "UPDATE users SET status = 'locked' WHERE email = :email", email=doctor.user.email)
    assert doctor.get("/patients").status_code == 200


@pytest.mark.parametrize("change", ["demoted", "deactivated", "signed out"])
def test_a_slow_reader_does_not_put_back_what_was_taken_away(app, as_role, monkeypatch, change):
    admin, second = as_role("admin"), as_role("admin")
    patient = make_patient(app)
    original = principals._from_sql
    pending = [second.tokens.session_id]

    def slow(user_id, session_id):
        found = original(user_id, session_id)
        if str(session_id) in pending:
            pending.clear()
            # Between the reader's look at SQL and its note in Redis, the authority is taken away.
            if change == "demoted":
                assert admin.patch(f"/users/{second.user.id}", json={"roles": ["cashier"]}).status_code == 200
            elif change == "deactivated":
                assert admin.delete(f"/users/{second.user.id}").status_code == 204
            else:
                log_out(app.test_client(), second.tokens)
        return found

    monkeypatch.setattr(principals, "_from_sql", slow)
    with contextlib.suppress(AssertionError):
        second.get(f"/patients/{patient.id}")
    assert pending == []
    assert second.get("/users").status_code == (403 if change == "demoted" else 401)


@pytest.mark.only("postgres")
@pytest.mark.slow
def test_two_workers_agree_at_once(app, live_server):
    admin, second = signed_in(app, "admin"), signed_in(app, "admin")
    users = f"{live_server.base_url}{API}/users"

    def statuses():
        return {requests.get(users, headers=second.tokens.headers, timeout=10).status_code for _ in range(12)}

    assert statuses() == {200}
    assert admin.patch(f"/users/{second.user.id}", json={"roles": ["nurse"]}).status_code == 200
    assert statuses() == {403}
    log_out(app.test_client(), second.tokens)
    assert statuses() == {401}
