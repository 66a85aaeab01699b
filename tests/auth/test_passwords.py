"""Passwords: how long, how built, compared in full, and changed by their owner alone."""

import pytest
import requests

from server.modules.auth import passwords
from tests.factories.database import audit_rows, everything
from tests.factories.people import API, PASSWORD, bearer, make_user, sign_in, signed_in

CHANGE = "/auth/change-password"


def change(who, new, current=PASSWORD):
    return who.post(CHANGE, json={"current_password": current, "new_password": new})


def logs_in(client, user, password):
    return client.post(f"{API}/auth/login", json={"email": user.email, "password": password}).status_code == 200


@pytest.mark.parametrize(
    "password",
    [
        "twelve chars",
        "x9" * 64,
        "пароль из слов",
        "a b\tc d e f g h",
        "🐴🔋📎🐴🔋📎🐴🔋📎🐴🔋📎",
        "Pat and eleven others",
    ],
)
def test_a_good_password_is_taken_and_works(app, client, as_role, password):
    doctor = as_role("doctor")
    assert change(doctor, password).status_code == 200
    assert logs_in(client, doctor.user, password)
    assert not logs_in(client, doctor.user, PASSWORD)


@pytest.mark.parametrize(
    "password",
    [
        *("eleven char", "x9" * 64 + "x", "short", "Wilhelmina", "wilhelmina12", "Röntgenthal!1"),
        *("rontgenthal-wilhelmina", "wilma.r@example.com", "wilmaRöntgenthal", "WilhelminaWilhelmina"),
    ],
)
def test_a_weak_password_is_refused(app, client, as_role, password):
    names = {"first_name": "Wilhelmina", "last_name": "Röntgenthal", "email": "wilma.r@example.com"}
    doctor = as_role("doctor", **names)
    answer = change(doctor, password)
    assert (answer.status_code, answer.json["code"]) == (422, "weak_password")
    assert list(answer.json["errors"]) == ["new_password"]
    assert logs_in(client, doctor.user, PASSWORD)


def test_nothing_is_cut_off_at_72_bytes(app, client, as_role):
    doctor = as_role("doctor")
    password = "ä" * 40 + "long enough tail 1"
    assert change(doctor, password).status_code == 200
    assert logs_in(client, doctor.user, password)
    assert not logs_in(client, doctor.user, password[:-1] + "2")
    assert not logs_in(client, doctor.user, password[:-1])
    assert not logs_in(client, doctor.user, password + "3")


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(app, client):
    user = make_user(app, "doctor")
    other = sign_in(client, user)
    here = signed_in(app, user=user)
    assert client.get(f"{API}/auth/me", headers=other.headers).status_code == 200
    assert change(here, "another good password").status_code == 200
    assert client.get(f"{API}/auth/me", headers=other.headers).status_code == 401
    refreshed = client.post(f"{API}/auth/refresh", json={"refresh_token": other.refresh})
    assert refreshed.status_code == 401
    assert here.get("/auth/me").status_code == 200
    assert client.post(f"{API}/auth/refresh", json={"refresh_token": here.tokens.refresh}).status_code == 200


def test_the_present_password_must_be_right(app, client, as_role):
    doctor = as_role("doctor")
    answer = change(doctor, "another good password", current="not my password")
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["current_password"])
    assert logs_in(client, doctor.user, PASSWORD)


@pytest.mark.slow
def test_a_password_stays_in_no_table_and_no_log(app, live_server):
    user = make_user(app, "doctor")
    base, new = live_server.base_url + API, "marmalade on the moon 7"
    data = requests.post(f"{base}/auth/login", json={"email": user.email, "password": PASSWORD}, timeout=20).json()[
        "data"
    ]
    body = {"current_password": PASSWORD, "new_password": new}
    requests.post(f"{base}/auth/change-password", json=body, headers=bearer(data["access_token"]), timeout=20)
    wrong = {"email": user.email, "password": "marmalade on the moon 8"}
    assert requests.post(f"{base}/auth/login", json=wrong, timeout=20).status_code == 401
    requests.get(f"{base}/auth/me", params={"access_token": data["access_token"]}, timeout=20)
    live_server.stop()
    stored, logged = everything(app), live_server.log.read_text()
    assert "change-password" in logged
    for secret in ("marmalade", PASSWORD, data["access_token"], data["refresh_token"]):
        assert secret not in stored
        assert secret not in logged
    row = next(row for row in audit_rows(app) if row["action"] == "auth.change_password")
    assert (row["status"], row["object_id"], row["values_after"]) == (200, user.id, None)


def test_too_many_hashes_at_once_are_503_and_not_a_dead_server(app, make_app, monkeypatch):
    user = make_user(app, "doctor")
    busy = make_app(PASSWORD_HASH_SLOTS="1")
    monkeypatch.setattr(passwords, "_WAIT_SECONDS", 0.05)
    with busy.app_context(), passwords._slot():
        answer = busy.test_client().post(f"{API}/auth/login", json={"email": user.email, "password": PASSWORD})
    assert (answer.status_code, answer.headers["Retry-After"].isdigit()) == (503, True)
    assert sign_in(busy.test_client(), user).session_id
