"""Sessions end when their owner says so, and their very next request is refused."""

import uuid

import pytest

from tests.factories.database import audit_rows, query
from tests.factories.people import API, bearer, make_user, sign_in

ME = f"{API}/auth/me"


def status_of(client, tokens):
    return client.get(ME, headers=tokens.headers).status_code


def refreshes(client, tokens):
    return client.post(f"{API}/auth/refresh", json={"refresh_token": tokens.refresh}).status_code


@pytest.mark.parametrize("way", ["access token", "refresh token in the header", "refresh token in the body"])
def test_logout_takes_either_token_and_ends_this_session_for_good(app, client, way):
    user = make_user(app, "doctor")
    tokens, other = sign_in(client, user), sign_in(client, user)
    assert status_of(client, tokens) == 200
    token = tokens.access if way == "access token" else tokens.refresh
    sent = {"json": {"refresh_token": token}} if way.endswith("body") else {"headers": bearer(token)}
    answer = client.post(f"{API}/auth/logout", **sent)
    assert (answer.status_code, answer.json["success"]) == (200, True)
    dead = client.get(ME, headers=tokens.headers)
    assert (dead.status_code, dead.json["code"]) == (401, "invalid_token")
    assert refreshes(client, tokens) == 401
    assert client.post(f"{API}/auth/logout", **sent).status_code == 401
    assert status_of(client, other) == 200


def test_logout_without_a_token_is_401(client):
    answer = client.post(f"{API}/auth/logout")
    assert answer.status_code == 401
    assert "WWW-Authenticate" in answer.headers
    assert client.post(f"{API}/auth/logout-all", json={"refresh_token": "nonsense"}).status_code == 401


def test_logout_all_ends_every_session_of_the_user_and_of_nobody_else(app, client):
    user, colleague = make_user(app, "doctor"), make_user(app, "doctor")
    mine = [sign_in(client, user) for _ in range(3)]
    theirs = sign_in(client, colleague)
    assert client.post(f"{API}/auth/logout-all", headers=bearer(mine[1].refresh)).status_code == 200
    assert [status_of(client, tokens) for tokens in mine] == [401] * 3
    assert [refreshes(client, tokens) for tokens in mine] == [401] * 3
    assert status_of(client, theirs) == 200


def test_logout_is_recorded_with_its_user(app, client):
    user = make_user(app, "doctor")
    tokens = sign_in(client, user)
    client.post(f"{API}/auth/logout", headers=tokens.headers)
    row = audit_rows(app)[-1]
    assert (row["action"], row["status"], row["actor_id"]) == ("auth.logout", 200, user.id)
    assert str(row["object_id"]) == tokens.session_id


def test_ones_own_sessions_are_listed(app, client):
    user = make_user(app, "doctor")
    first = sign_in(client, user, **{"User-Agent": "Old browser"})
    second = sign_in(client, user, **{"User-Agent": "New browser"})
    sign_in(client, make_user(app, "doctor"))
    answer = client.get(f"{API}/auth/sessions", headers=second.headers)
    assert answer.status_code == 200
    assert {one["id"] for one in answer.json["data"]} == {first.session_id, second.session_id}
    for one in answer.json["data"]:
        assert one.keys() == {"id", "user_agent", "address", "created_at", "last_used_at", "is_current"}
        assert one["is_current"] is (one["id"] == second.session_id)
        assert one["address"] == "127.0.0.1"
    assert {one["user_agent"] for one in answer.json["data"]} == {"Old browser", "New browser"}


def test_one_of_ones_sessions_can_be_ended_from_another(app, client):
    user = make_user(app, "doctor")
    lost, here = sign_in(client, user), sign_in(client, user)
    assert status_of(client, lost) == 200
    path = f"{API}/auth/sessions/{lost.session_id}"
    assert [client.delete(path, headers=here.headers).status_code for _ in range(2)] == [204, 204]
    assert status_of(client, lost) == 401
    assert refreshes(client, lost) == 401
    left = client.get(f"{API}/auth/sessions", headers=here.headers).json["data"]
    assert [one["id"] for one in left] == [here.session_id]


def test_a_session_of_somebody_else_is_404_like_none(app, client):
    here = sign_in(client, make_user(app, "admin"))
    theirs = sign_in(client, make_user(app, "doctor"))
    answers = [
        client.delete(f"{API}/auth/sessions/{one}", headers=here.headers) for one in (theirs.session_id, uuid.uuid4())
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    bodies = [{k: v for k, v in answer.json.items() if k != "request_id"} for answer in answers]
    assert bodies[0] == bodies[1]
    assert status_of(client, theirs) == 200


def test_an_access_token_ends_after_ten_minutes(app, client, clock):
    tokens = sign_in(client, make_user(app, "doctor"))
    clock.shift(599)
    assert status_of(client, tokens) == 200
    clock.shift(2)
    assert status_of(client, tokens) == 401


def test_no_raw_token_is_stored(app, client):
    tokens = sign_in(client, make_user(app, "doctor"))
    stored = repr(query(app, "SELECT * FROM sessions"))
    assert tokens.refresh not in stored
    assert tokens.access not in stored
