"""An admin invites; the mailed link opens the account once, and its secret is nowhere else."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.factories.database import body_of, deliver, everything, mails, query, token_in
from tests.factories.people import API, make_user, sign_in

NEW = {"email": "new.doctor@example.com", "first_name": "New", "last_name": "Doctor", "roles": ["doctor"]}
PASSWORD = "seven green bottles"
ACCEPT = f"{API}/auth/accept-invitation"


def invite(app, admin, **changes):
    """Invite somebody and return the answer and the token that their mail holds."""
    answer = admin.post("/users", json={**NEW, **changes})
    assert answer.status_code == 201, answer.text
    assert deliver(app) == 1
    return answer.json["data"], token_in(mails(app)[-1])


def accept(client, token, password=PASSWORD):
    return client.post(ACCEPT, json={"token": token, "password": password})


def test_the_invited_gets_a_mail_with_a_link(app, as_role):
    user, token = invite(app, as_role("admin"))
    assert (user["status"], user["email_verified_at"]) == ("invited", None)
    (mail,) = mails(app)
    assert NEW["email"] in mail["To"]
    assert mail.get_content_type() == "text/plain"
    assert f"http://localhost:3000/accept-invitation?token={token}" in body_of(mail)
    assert len(token) >= 32


def test_no_mail_leaves_before_the_account_is_there(app, as_role):
    admin = as_role("admin")
    assert admin.post("/users", json={**NEW, "roles": []}).status_code == 422
    assert admin.post("/users", json=NEW).status_code == 201
    assert admin.post("/users", json=NEW).status_code == 409
    assert deliver(app) == 1


def test_the_link_opens_the_account_and_signs_in(app, client, as_role):
    user, token = invite(app, as_role("admin"))
    assert client.post(f"{API}/auth/login", json={"email": NEW["email"], "password": PASSWORD}).status_code == 401
    answer = accept(client, token)
    assert answer.status_code == 200
    data = answer.json["data"]
    assert data["user"]["id"] == user["id"]
    assert data["user"]["status"] == "active"
    assert data["user"]["email_verified_at"].endswith("Z")
    assert data.keys() - {"device_token"} == {
        *("access_token", "refresh_token", "token_type", "expires_in", "refresh_expires_in", "session_id", "user")
    }
    me = client.get(f"{API}/auth/me", headers={"Authorization": f"Bearer {data['access_token']}"})
    assert me.json["data"]["roles"] == ["doctor"]
    assert client.post(f"{API}/auth/login", json={"email": NEW["email"], "password": PASSWORD}).status_code == 200


def test_the_link_works_once(app, client, as_role):
    _, token = invite(app, as_role("admin"))
    assert accept(client, token).status_code == 200
    again = accept(client, token, "somebody else's one")
    assert (again.status_code, again.json["code"]) == (422, "link_invalid")
    assert client.post(f"{API}/auth/login", json={"email": NEW["email"], "password": PASSWORD}).status_code == 200


def test_a_weak_password_does_not_use_the_link_up(app, client, as_role):
    _, token = invite(app, as_role("admin"))
    weak = accept(client, token, "short")
    assert (weak.status_code, weak.json["code"]) == (422, "weak_password")
    assert accept(client, token, "doctor.doctor1").json["code"] == "weak_password"
    assert accept(client, token).status_code == 200


@pytest.mark.parametrize("token", ["x" * 43, "nonsense", "'; DROP TABLE users; --", "é" * 20])
def test_a_wrong_link_opens_nothing(app, client, as_role, token):
    invite(app, as_role("admin"))
    answer = accept(client, token)
    assert (answer.status_code, answer.json["code"], list(answer.json["errors"])) == (422, "link_invalid", ["token"])


def test_the_link_dies_after_a_day(app, client, as_role, clock):
    admin = as_role("admin")
    _, token = invite(app, admin)
    _, other = invite(app, admin, email="second@example.com")
    clock.shift(24 * 3600 - 1)
    assert accept(client, token).status_code == 200
    clock.shift(2)
    assert accept(client, other).json["code"] == "link_invalid"


def test_a_deactivated_invitation_opens_nothing(app, client, as_role):
    admin = as_role("admin")
    user, token = invite(app, admin)
    assert admin.delete(f"/users/{user['id']}").status_code == 204
    assert accept(client, token).status_code == 422
    assert query(app, "SELECT status FROM users WHERE email = :email", email=NEW["email"]) == [
        {"status": "deactivated"}
    ]


@pytest.mark.slow
def test_the_secret_is_in_the_mail_and_nowhere_else(app, as_role, live_server):
    _, token = invite(app, as_role("admin"))
    before = everything(app)
    body = {"token": token, "password": PASSWORD}
    statuses = [requests.post(live_server.base_url + ACCEPT, json=body, timeout=20).status_code for _ in range(2)]
    requests.get(live_server.base_url + ACCEPT, params={"token": token}, timeout=20)
    live_server.stop()
    logged = live_server.log.read_text()
    assert statuses == [200, 422]
    assert "accept-invitation" in logged
    for place in (before, everything(app), logged):
        assert token not in place
        assert PASSWORD not in place


@pytest.mark.slow
def test_of_two_who_open_a_link_at_once_one_succeeds(app, as_role, live_server):
    _, token = invite(app, as_role("admin"))
    together = threading.Barrier(6)

    def one(number):
        together.wait()
        body = {"token": token, "password": f"password of number {number}"}
        return requests.post(live_server.base_url + ACCEPT, json=body, timeout=20).status_code

    with ThreadPoolExecutor(6) as pool:
        statuses = sorted(pool.map(one, range(6)))
    assert statuses == [200, 422, 422, 422, 422, 422]
    assert (
        len(query(app, "SELECT id FROM sessions WHERE user_id IN (SELECT id FROM users WHERE status = 'active')")) == 2
    )


def test_an_invited_account_can_do_nothing(app, client):
    user = make_user(app, "admin", status="invited")
    with pytest.raises(AssertionError):
        sign_in(client, user)


def test_failures_from_before_do_not_keep_the_owner_out(app, client, as_role):
    _, token = invite(app, as_role("admin"))
    body = {"identifier": NEW["email"], "password": "not the password"}
    assert [client.post(f"{API}/auth/login", json=body).status_code for _ in range(11)] == [401] * 10 + [429]
    assert accept(client, token).status_code == 200
    assert client.post(f"{API}/auth/login", json={**body, "password": PASSWORD}).status_code == 200
