import time
from http.client import HTTPException

import pytest
from sqlalchemy import event, func, select

from server.core.db import db
from server.core.idempotency import IdempotencyKey
from tests.factories.people import API, make_patient, make_user, relate, sign_in, signed_in
from tests.patients.support import facts, path, refused, register
from tests.patients.test_races import at_once, send

KEY = {"Idempotency-Key": "0199-key"}


def total(someone):
    return someone.get("/patients").json["meta"]["total"]


def keys(app):
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(IdempotencyKey))


def test_the_same_key_twice_has_one_effect(as_role):
    admin = as_role("admin")
    first = admin.post("/patients", json=facts(), headers=KEY)
    again = admin.post("/patients", json=facts(), headers=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.data == first.data
    for name in ("Location", "ETag", "Content-Type"):
        assert again.headers[name] == first.headers[name]
    assert again.headers["X-Request-ID"] != first.headers["X-Request-ID"]
    assert total(admin) == 1


def test_the_answer_is_the_first_even_after_a_change(as_role):
    admin = as_role("admin")
    first = admin.post("/patients", json=facts(), headers=KEY)
    admin.patch(path(first.json["data"]), json={"occupation": "Baker"})
    assert admin.post("/patients", json=facts(), headers=KEY).data == first.data


def test_another_body_path_or_spelling_is_refused(as_role):
    doctor = as_role("doctor")
    made = doctor.post("/patients", json=facts(), headers=KEY).json["data"]
    refused(doctor.post("/patients", json=facts(sex="male"), headers=KEY), 422, "idempotency_key_reused")
    refused(doctor.post("/patients", json=facts(confirm_new=True), headers=KEY), 422, "idempotency_key_reused")
    body = {"display": "Asthma"}
    refused(doctor.post(path(made, "conditions"), json=body, headers=KEY), 422, "idempotency_key_reused")
    assert total(doctor) == 1


def test_a_key_belongs_to_its_user(as_role):
    admin, other = as_role("admin"), as_role("admin")
    assert admin.post("/patients", json=facts(), headers=KEY).status_code == 201
    answer = other.post("/patients", json=facts(confirm_new=True), headers=KEY)
    assert answer.status_code == 201
    assert "Idempotency-Replayed" not in answer.headers


def test_a_new_session_of_the_same_user_replays(app, as_role):
    admin = as_role("admin")
    first = admin.post("/patients", json=facts(), headers=KEY)
    later = signed_in(app, user=admin.user)
    assert later.post("/patients", json=facts(), headers=KEY).data == first.data


def test_only_answers_of_committed_work_are_kept(app, as_role):
    admin = as_role("admin")
    refused(admin.post("/patients", json=facts(sex="x"), headers=KEY), 422, "validation_failed")
    assert admin.post("/patients", json=facts(), headers=KEY).status_code == 201
    again = {"Idempotency-Key": "another"}
    refused(admin.post("/patients", json=facts(), headers=again), 409, "possible_duplicate")
    refused(admin.post("/patients", json=facts(), headers=again), 409, "possible_duplicate")
    assert admin.post("/patients", json=facts(confirm_new=True), headers=again).status_code == 201
    assert keys(app) == 2


def test_without_a_key_nothing_is_kept(app, as_role):
    register(as_role("admin"))
    assert keys(app) == 0


@pytest.mark.parametrize("key", ["", "x" * 201, "ключ".encode().decode("latin-1"), "a\tb"])
def test_what_is_no_key(as_role, key):
    admin = as_role("admin")
    answer = admin.post("/patients", json=facts(), headers={"Idempotency-Key": key})
    refused(answer, 422, "validation_failed", "Idempotency-Key")


def test_permission_is_checked_again(app, as_role):
    doctor, admin = as_role("doctor"), as_role("admin")
    made = make_patient(app)
    relate(app, made.id, doctor.user.id)
    body = {"display": "Asthma"}
    assert doctor.post(path(made, "conditions"), json=body, headers=KEY).status_code == 201
    answer = admin.patch(f"/users/{doctor.user.id}", json={"roles": ["cashier"]})
    assert answer.status_code == 200, answer.text
    demoted = signed_in(app, user=doctor.user)
    refused(demoted.post(path(made, "conditions"), json=body, headers=KEY), 403, "forbidden")


def test_scope_is_checked_again(app, as_role):
    doctor, admin = as_role("doctor"), as_role("admin")
    made = make_patient(app)
    admin.post(path(made, "care-team"), json={"user_id": str(doctor.user.id)})
    body = {"display": "Asthma"}
    assert doctor.post(path(made, "conditions"), json=body, headers=KEY).status_code == 201
    registered = doctor.post("/patients", json=facts(), headers={"Idempotency-Key": "register"}).json["data"]
    for patient in (made, registered):
        admin.delete(path(patient, "care-team", doctor.user.id))
    refused(doctor.post(path(made, "conditions"), json=body, headers=KEY), 404, "not_found")
    answer = doctor.post("/patients", json=facts(), headers={"Idempotency-Key": "register"})
    refused(answer, 404, "not_found")


def test_a_signed_out_user_gets_nothing_again(app, client):
    user = make_user(app, "admin")
    tokens = sign_in(client, user)
    headers = {**tokens.headers, **KEY}
    assert client.post(f"{API}/patients", json=facts(), headers=headers).status_code == 201
    client.post(f"{API}/auth/logout", headers=tokens.headers)
    assert client.post(f"{API}/patients", json=facts(), headers=headers).status_code == 401


def test_keys_are_ignored_outside_post(as_role):
    admin = as_role("admin")
    made = register(admin)
    for word in ("Baker", "Smith"):
        answer = admin.patch(path(made), json={"occupation": word}, headers=KEY)
        assert answer.json["data"]["occupation"] == word
        assert "Idempotency-Replayed" not in answer.headers
    assert admin.put(path(made), json=facts(), headers=KEY).status_code == 200
    assert admin.get("/patients", headers=KEY).status_code == 200


def test_keys_are_ignored_under_auth(app, client):
    user = make_user(app, "nurse")
    body = {"identifier": user.email, "password": user.password}
    tokens = {client.post(f"{API}/auth/login", json=body, headers=KEY).json["data"]["access_token"] for _ in range(2)}
    assert len(tokens) == 2
    signed = sign_in(client, user)
    new = {"current_password": user.password, "new_password": "another quiet river 77"}
    headers = {**signed.headers, **KEY}
    assert client.post(f"{API}/auth/change-password", json=new, headers=headers).status_code < 300
    assert keys(app) == 0


def test_a_key_is_forgotten_after_24_hours(app, clock):
    user = make_user(app, "admin")
    first = signed_in(app, user=user).post("/patients", json=facts(), headers=KEY)
    clock.shift(24 * 3600 - 1)
    again = signed_in(app, user=user).post("/patients", json=facts(), headers=KEY)
    assert again.data == first.data
    clock.shift(2)
    later = signed_in(app, user=user).post("/patients", json=facts(), headers=KEY)
    refused(later, 409, "possible_duplicate")
    body = facts(confirm_new=True)
    assert signed_in(app, user=user).post("/patients", json=body, headers=KEY).status_code == 201


@pytest.mark.parametrize("table", ["audit_logs", "idempotency_keys"])
def test_effect_and_answer_are_stored_together_or_not_at_all(app, as_role, table):
    admin = as_role("admin")

    def fail(_connection, _cursor, statement, *_rest):
        if statement.startswith(f"INSERT INTO {table}") and armed:
            armed.pop()
            raise RuntimeError("the power went")

    with app.app_context():
        engine = db.engine
    armed = [True]
    event.listen(engine, "before_cursor_execute", fail)
    try:
        assert admin.post("/patients", json=facts(), headers=KEY).status_code >= 500
    finally:
        event.remove(engine, "before_cursor_execute", fail)
    assert not armed
    assert total(admin) == 0
    assert keys(app) == 0
    answer = admin.post("/patients", json=facts(), headers=KEY)
    assert answer.status_code == 201
    assert "Idempotency-Replayed" not in answer.headers
    assert (total(admin), keys(app)) == (1, 1)


def test_eight_rivals_have_one_effect(live_server, as_role, app):
    admin = as_role("admin")
    for attempt in range(4):
        body = facts(first_name=f"Ida{'wxyz'[attempt] * 8}", date_of_birth=f"199{attempt}-05-17")
        headers = {"Idempotency-Key": f"rival-{attempt}"}
        answers = at_once(8, lambda _n, b=body, h=headers: send(live_server, admin, "POST", "/patients", b, **h))
        statuses = sorted(status for status, _ in answers)
        assert set(statuses) <= {201, 409}, answers
        made = [answer for status, answer in answers if status == 201]
        assert len({body["data"]["id"] for body, _ in made}) == 1
        assert sum(headers.get("Idempotency-Replayed") is None for _, headers in made) == 1
        assert {body["code"] for status, (body, _) in answers if status == 409} <= {"idempotency_in_progress"}
        assert total(admin) == attempt + 1
    assert keys(app) == 4


@pytest.mark.slow
def test_a_crash_leaves_both_or_neither(live_server, as_role, app):
    admin = as_role("admin")
    sent = []

    def post(number):
        body = facts(first_name=f"Number {number}", confirm_new=True)
        try:
            sent.append(send(live_server, admin, "POST", "/patients", body, **{"Idempotency-Key": f"crash-{number}"}))
        except (OSError, HTTPException):
            sent.append((0, None))

    def act(number):
        if number == 0:
            time.sleep(0.15)
            live_server.kill()
            return
        for step in range(20):
            post(number * 100 + step)

    at_once(5, act)
    assert total(admin) == keys(app)
    assert total(admin) >= sum(status == 201 for status, _ in sent)
    live_server.start()
    before = total(admin)
    body = facts(first_name="Number 100", confirm_new=True)
    status, _ = send(live_server, admin, "POST", "/patients", body, **{"Idempotency-Key": "crash-100"})
    assert status == 201
    assert total(admin) == keys(app)
    assert total(admin) - before in (0, 1)
