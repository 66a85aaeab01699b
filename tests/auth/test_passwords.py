"""Passwords: how long, how built, compared in full, and changed by their owner alone."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from server.core.db import reading
from server.core.errors import Unavailable
from server.modules.auth import passwords, queries
from server.modules.auth.common_passwords import is_common
from tests.factories.database import audit_rows, everything
from tests.factories.people import API, PASSWORD, bearer, make_user, sign_in, signed_in
from tests.live import LiveServer

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


COMMON = [
    *(
        "123456789012",
        "000000000000",
        "qwertyuiop12",
        "qwertyuiop[]",
        "password1234",
        "Password1234!",
        "passwordpassword",
    ),
    *(
        "iloveyou1234",
        "letmein12345",
        "administrator",
        "1q2w3e4r5t6y",
        "adminadminadmin",
        "welcome12345",
        "abcdefghijkl",
    ),
    *(
        "abc123abc123",
        "P@ssw0rd1234",
        "pässwörd1234",
        "ｐａｓｓｗｏｒｄ１２３４",
        "qwertyuiopasdf",
        "aaaaaaaaaaaab",
        "sunshine2024",
    ),
    *("............", "polyclinic12"),
]


@pytest.mark.only("sqlite")
@pytest.mark.parametrize("password", [*COMMON, "password" * 16, "a" * 128])
def test_a_common_password_or_an_easy_variation_is_refused(as_role, password):
    answer = change(as_role("doctor"), password)
    assert (answer.status_code, answer.json["code"]) == (422, "weak_password")
    assert list(answer.json["errors"]) == ["new_password"]


@pytest.mark.only("sqlite")
@pytest.mark.parametrize(
    "password",
    [
        *("correct horse battery staple", "Ich esse gerne Käsekuchen", "grüner Apfel fliegt", "القهوة في الصباح"),
        *("我喜欢吃苹果和香蕉和梨子", "fJ3kq9ZpLm2x", "7f3e9a1c5b2d", "🦀🌧🎻🍋🚲🪴🧵🦉🥁🗝🌶🛶", "Wintertime-2024"),
    ],
)
def test_a_password_of_ones_own_is_taken(as_role, password):
    assert change(as_role("doctor"), password).status_code == 200


def test_judging_a_password_takes_no_longer_than_hashing_it():
    longest = max("p4ssw0rd@$!1|3" * 10, "@4({[<|!10$5+7%2" * 8, "17" * 64, "4831605792" * 13, key=_seconds_to_judge)
    assert _seconds_to_judge(longest) < 1.0


def _seconds_to_judge(password):
    started = time.perf_counter()
    is_common(password[:128])
    return time.perf_counter() - started


def stored_hash(app, user):
    with app.app_context():
        return queries.password_of(reading(), user.id).password_hash


@pytest.mark.parametrize(
    ("settings", "kind"),
    [({"PASSWORD_HASHER": "argon2id"}, "$argon2id$v=19$m=65536,t=3,p=4$"), ({"BCRYPT_ROUNDS": "5"}, "$2b$05$")],
)
def test_a_hash_of_another_kind_works_and_is_renewed_at_sign_in(app, make_app, settings, kind):
    user = make_user(app, "doctor")
    old = stored_hash(app, user)
    assert old.startswith("$2b$04$")
    other = make_app(**settings)
    client = other.test_client()
    assert not logs_in(client, user, "not my password")
    assert stored_hash(app, user) == old
    assert logs_in(client, user, PASSWORD)
    new = stored_hash(app, user)
    assert new.startswith(kind)
    assert logs_in(client, user, PASSWORD)
    assert stored_hash(app, user) == new
    assert not logs_in(client, user, "not my password")
    # And back again.
    assert logs_in(app.test_client(), user, PASSWORD)
    assert stored_hash(app, user).startswith("$2b$04$")


def test_argon2id_hashes_new_passwords_in_full(make_app):
    other = make_app(PASSWORD_HASHER="argon2id")
    doctor = signed_in(other, "doctor")
    password = "ä" * 40 + "long enough tail 1"
    assert change(doctor, password).status_code == 200
    assert stored_hash(other, doctor.user).startswith("$argon2id$")
    assert logs_in(other.test_client(), doctor.user, password)
    assert not logs_in(other.test_client(), doctor.user, password[:-1])


def test_signing_in_goes_on_where_there_is_no_room_to_renew_a_hash(app, make_app, monkeypatch):
    user = make_user(app, "doctor")
    other = make_app(PASSWORD_HASHER="argon2id")

    def no_room(_password):
        raise Unavailable

    monkeypatch.setattr(passwords, "hash_password", no_room)
    assert logs_in(other.test_client(), user, PASSWORD)
    assert stored_hash(app, user).startswith("$2b$04$")


def test_sign_ins_at_the_same_time_renew_a_hash_and_all_succeed(app, leg):
    user = make_user(app, "doctor")
    server = LiveServer(leg, BCRYPT_ROUNDS="5", PASSWORD_HASH_SLOTS="64")
    server.start()
    try:
        body = {"identifier": user.email, "password": PASSWORD}
        with ThreadPoolExecutor(6) as pool:
            answers = pool.map(
                lambda _: requests.post(f"{server.base_url}{API}/auth/login", json=body, timeout=20), range(6)
            )
            assert [answer.status_code for answer in answers] == [200] * 6
    finally:
        server.stop()
    assert stored_hash(app, user).startswith("$2b$05$")
