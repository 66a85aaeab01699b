"""Rotation of refresh tokens: parallel use is harmless, use of an old one ends the session, no limit is extended."""

import threading
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest
import requests

from tests.factories.database import audit_rows, body_of, deliver, mails, query
from tests.factories.people import API, bearer, make_patient, make_user, sign_in, tokens_of

REFRESH = f"{API}/auth/refresh"
HOUR, DAY = 3600, 86400


def refresh(client, token):
    return client.post(REFRESH, json={"refresh_token": token})


def is_alive(client, token):
    return client.get(f"{API}/auth/me", headers=bearer(token)).status_code == 200


def generation(app):
    return [row["generation"] for row in query(app, "SELECT generation FROM sessions")]


def test_a_refresh_gives_new_tokens_of_the_same_session(app, client):
    tokens = sign_in(client, make_user(app, "doctor"))
    answer = refresh(client, tokens.refresh)
    assert answer.status_code == 200
    renewed = tokens_of(answer)
    assert renewed.session_id == tokens.session_id
    assert renewed.refresh != tokens.refresh
    assert is_alive(client, renewed.access)
    assert generation(app) == [2]
    assert answer.json["data"].keys() - {"device_token"} == {
        *("access_token", "refresh_token", "token_type", "expires_in", "refresh_expires_in", "session_id", "user"),
    }


def test_the_second_path_of_refresh_is_the_same(app, client):
    tokens = sign_in(client, make_user(app, "doctor"))
    assert client.post(f"{API}/auth/refresh-token", json={"refresh_token": tokens.refresh}).status_code == 200


def test_the_immediate_predecessor_gets_the_present_generation_for_ten_seconds(app, client, clock):
    tokens = sign_in(client, make_user(app, "doctor"))
    first = tokens_of(refresh(client, tokens.refresh))
    clock.shift(10)
    second = tokens_of(refresh(client, tokens.refresh))
    assert generation(app) == [2]
    assert is_alive(client, first.access)
    assert is_alive(client, second.access)
    assert refresh(client, second.refresh).status_code == 200


@pytest.mark.slow
def test_twenty_parallel_refreshes_are_all_usable_and_one_rotation(app, client, live_server):
    user = make_user(app, "doctor")
    tokens = sign_in(client, user)
    together = threading.Barrier(20)

    def one(_number):
        together.wait()
        return requests.post(f"{live_server.base_url}{REFRESH}", json={"refresh_token": tokens.refresh}, timeout=20)

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(one, range(20)))
    assert [answer.status_code for answer in answers] == [200] * 20
    assert generation(app) == [2]
    for answer in answers:
        data = answer.json()["data"]
        me = requests.get(f"{live_server.base_url}{API}/auth/me", headers=bearer(data["access_token"]), timeout=20)
        assert me.status_code == 200
    for answer in (answers[0], answers[-1]):
        assert refresh(client, answer.json()["data"]["refresh_token"]).status_code == 200


def end_of_the_family(app, client, user, used, renewed):
    """Replay a token that was used up, and see all that must follow."""
    answer = refresh(client, used)
    assert (answer.status_code, answer.json["code"]) == (401, "token_reused")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert not is_alive(client, renewed.access)
    assert refresh(client, renewed.refresh).status_code == 401
    assert [row["end_reason"] for row in query(app, "SELECT end_reason FROM sessions")] == ["token_reused"]
    row = next(row for row in audit_rows(app) if row["route"] == REFRESH and row["status"] == 401)
    assert (row["actor_id"], row["outcome"]) == (user.id, "denied")
    deliver(app)
    (mail,) = mails(app)
    assert user.email in mail["To"]
    assert "ended" in body_of(mail)


def test_a_predecessor_that_comes_late_ends_the_family(app, client, clock):
    user = make_user(app, "doctor")
    tokens = sign_in(client, user)
    renewed = tokens_of(refresh(client, tokens.refresh))
    clock.shift(10.5)
    end_of_the_family(app, client, user, tokens.refresh, renewed)


def test_an_older_token_ends_the_family_within_the_grace_too(app, client, clock):
    user = make_user(app, "doctor")
    tokens = sign_in(client, user)
    renewed = tokens_of(refresh(client, tokens_of(refresh(client, tokens.refresh)).refresh))
    end_of_the_family(app, client, user, tokens.refresh, renewed)


def test_without_grace_the_predecessor_ends_the_family_at_once(app, make_app, clock):
    user = make_user(app, "doctor")
    client = make_app(REFRESH_GRACE_SECONDS="0").test_client()
    tokens = sign_in(client, user)
    renewed = tokens_of(refresh(client, tokens.refresh))
    end_of_the_family(app, client, user, tokens.refresh, renewed)


def test_a_replay_ends_one_session_and_spares_the_others(app, client, clock):
    user = make_user(app, "doctor")
    other, tokens = sign_in(client, user), sign_in(client, user)
    refresh(client, tokens.refresh)
    clock.shift(11)
    assert refresh(client, tokens.refresh).json["code"] == "token_reused"
    assert is_alive(client, other.access)


def test_staff_fall_asleep_after_half_an_hour(app, client, clock):
    tokens = sign_in(client, make_user(app, "doctor"))
    clock.shift(29 * 60)
    renewed = refresh(client, tokens.refresh)
    assert renewed.status_code == 200
    clock.shift(30 * 60 + 1)
    late = refresh(client, renewed.json["data"]["refresh_token"])
    assert (late.status_code, late.json["code"]) == (401, "invalid_token")


def test_rotation_never_extends_the_day_of_staff(app, client, clock):
    tokens = sign_in(client, make_user(app, "doctor"))
    for _ in range(25):
        clock.shift(28 * 60)
        tokens = tokens_of(refresh(client, tokens.refresh))
    clock.shift(17 * 60)
    last = refresh(client, tokens.refresh)
    assert last.status_code == 200
    assert last.json["data"]["refresh_expires_in"] == 180
    assert last.json["data"]["expires_in"] == 180
    assert is_alive(client, last.json["data"]["access_token"])
    clock.shift(181)
    assert not is_alive(client, last.json["data"]["access_token"])
    assert refresh(client, last.json["data"]["refresh_token"]).status_code == 401


def test_patients_stay_signed_in_for_longer(app, client, clock):
    patient = make_user(app, "patient")
    make_patient(app, user_id=patient.id)
    tokens = sign_in(client, patient)
    clock.shift(15 * DAY - 60)
    answer = refresh(client, tokens.refresh)
    assert answer.status_code == 200
    assert answer.json["data"]["refresh_expires_in"] == 15 * DAY
    clock.shift(15 * DAY - 60)
    last = refresh(client, answer.json["data"]["refresh_token"])
    assert last.json["data"]["refresh_expires_in"] == 120
    clock.shift(121)
    assert refresh(client, last.json["data"]["refresh_token"]).status_code == 401


def test_a_patient_who_is_also_staff_has_the_short_limits(app, client, clock):
    tokens = sign_in(client, make_user(app, "patient", "nurse"))
    clock.shift(31 * 60)
    assert refresh(client, tokens.refresh).status_code == 401


def test_a_refresh_token_of_a_closed_account_is_dead(app, client, as_role):
    user = make_user(app, "doctor")
    tokens = sign_in(client, user)
    assert as_role("admin").delete(f"/users/{user.id}").status_code == 204
    assert refresh(client, tokens.refresh).status_code == 401


@pytest.mark.parametrize("body", [{}, {"refresh_token": ""}, {"refresh_token": 5}, {"refresh_token": None}])
def test_without_a_token_to_read_it_is_422(client, body):
    assert client.post(REFRESH, json=body).status_code == 422


def test_neither_kind_of_token_does_the_work_of_the_other(app, client):
    tokens = sign_in(client, make_user(app, "doctor"))
    assert refresh(client, tokens.access).status_code == 401
    assert not is_alive(client, tokens.refresh)
    assert generation(app) == [1]
    kinds = {
        jwt.decode(token, options={"verify_signature": False})["type"] for token in (tokens.access, tokens.refresh)
    }
    assert kinds == {"access", "refresh"}
