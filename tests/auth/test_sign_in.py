"""Who gets in by a password, what the answer holds, and what a wrong password tells: nothing."""

import jwt
import pytest

from tests.factories.database import audit_rows, query
from tests.factories.people import API, PASSWORD, bearer, make_user, sign_in

LOGIN = f"{API}/auth/login"
USER_FIELDS = {
    *("id", "email", "username", "first_name", "last_name", "phone", "roles", "status", "email_verified_at"),
    *("mfa_enabled", "last_login_at", "created_at", "updated_at", "version"),
}
SIGN_IN_FIELDS = {
    *("access_token", "refresh_token", "token_type", "expires_in", "refresh_expires_in", "session_id", "user"),
}


def log_in(client, **body):
    return client.post(LOGIN, json=body)


@pytest.mark.parametrize(
    ("field", "spelling"),
    [
        ("identifier", "Dora.Weiss@Example.COM"),
        ("identifier", "dora.weiss@example.com"),
        ("identifier", "DORA"),
        ("email", "DORA.WEISS@EXAMPLE.COM"),
        ("username", "dora"),
    ],
)
def test_an_address_in_any_case_or_a_user_name_opens(app, client, field, spelling):
    user = make_user(app, "doctor", email="Dora.Weiss@example.com", username="dora")
    answer = log_in(client, **{field: spelling, "password": PASSWORD})
    assert answer.status_code == 200
    assert answer.json["data"]["user"]["id"] == str(user.id)


def test_the_answer_has_its_shape(app, client):
    user = make_user(app, "nurse", "doctor", phone="+16175550100")
    answer = log_in(client, identifier=user.email, password=PASSWORD)
    assert set(answer.json) == {"success", "data", "message"}
    assert answer.json["success"] is True
    data = answer.json["data"]
    assert data.keys() - {"device_token"} == SIGN_IN_FIELDS
    assert data["token_type"] == "Bearer"
    assert data["expires_in"] == 600
    assert data["refresh_expires_in"] == 1800
    assert data["user"].keys() >= USER_FIELDS
    assert data["user"]["roles"] == ["doctor", "nurse"]
    assert data["user"]["status"] == "active"
    assert data["user"]["mfa_enabled"] is False
    assert data["user"]["last_login_at"].endswith("Z")
    assert not any("password" in name or "key" in name or "hash" in name for name in data["user"])
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_token_names_a_session_and_nothing_of_its_owner(app, client):
    user = make_user(app, "doctor", first_name="Rosalind")
    tokens = sign_in(client, user)
    claims = jwt.decode(tokens.access, options={"verify_signature": False})
    assert claims.keys() >= {"iss", "aud", "sub", "sid", "jti", "iat", "nbf", "exp"}
    assert claims.keys() <= {"iss", "aud", "sub", "sid", "jti", "iat", "nbf", "exp", "type", "fresh", "csrf"}
    assert (claims["sub"], claims["sid"]) == (str(user.id), tokens.session_id)
    assert claims["exp"] - claims["iat"] == 600
    header = jwt.get_unverified_header(tokens.access)
    assert header["alg"] == "HS256"
    assert header["kid"]


def comparable(answer):
    body = {name: value for name, value in answer.json.items() if name != "request_id"}
    headers = {name: value for name, value in answer.headers.items() if name not in ("X-Request-ID", "Content-Length")}
    return answer.status_code, body, headers


def test_a_wrong_password_tells_nothing_of_the_account(app, client):
    people = {
        status: make_user(app, "doctor", status=status) for status in ("active", "invited", "locked", "deactivated")
    }
    unverified = make_user(app, "patient")
    query(app, "UPDATE users SET email_verified_at = NULL WHERE email = :email", email=unverified.email)
    identifiers = ["nobody@example.com", unverified.email, *(user.email for user in people.values())]
    answers = [log_in(client, identifier=name, password="a wrong password") for name in identifiers]
    status, body, headers = comparable(answers[0])
    assert status == 401
    assert body["code"] == "bad_credentials"
    assert headers["WWW-Authenticate"].startswith("Bearer")
    assert headers["Content-Type"] == "application/problem+json"
    assert [comparable(answer) for answer in answers] == [(status, body, headers)] * len(answers)


def test_after_the_right_password_the_truth_is_told(app, client):
    unverified = make_user(app, "patient")
    query(app, "UPDATE users SET email_verified_at = NULL WHERE email = :email", email=unverified.email)
    gone = make_user(app, "doctor", status="deactivated")
    locked = make_user(app, "doctor", status="locked")
    told = {user.email: log_in(client, identifier=user.email, password=PASSWORD) for user in (unverified, gone, locked)}
    assert (told[unverified.email].status_code, told[unverified.email].json["code"]) == (403, "email_not_verified")
    assert (told[gone.email].status_code, told[gone.email].json["code"]) == (403, "account_deactivated")
    wrong = log_in(client, identifier=locked.email, password="a wrong password")
    assert comparable(told[locked.email]) == comparable(wrong)


@pytest.mark.parametrize("password", ["", " " + PASSWORD, PASSWORD.upper(), PASSWORD + "\u200b", PASSWORD[:-1]])
def test_a_password_is_compared_exactly(app, client, password):
    user = make_user(app, "doctor")
    assert log_in(client, identifier=user.email, password=password).status_code in (401, 422)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"password": PASSWORD},
        {"identifier": "a@example.com"},
        {"identifier": "a@example.com", "email": "a@example.com", "password": PASSWORD},
        {"identifier": 5, "password": PASSWORD},
        {"identifier": "a@example.com", "password": ["x"]},
        {"identifier": "a@example.com", "password": PASSWORD, "remember": True},
        {"identifier": "x" * 300, "password": PASSWORD},
    ],
)
def test_a_malformed_sign_in_is_422(client, body):
    answer = log_in(client, **body)
    assert answer.status_code == 422
    assert answer.json["errors"]


def test_sign_ins_are_recorded_with_their_user_good_or_bad(app, client):
    user = make_user(app, "doctor")
    tokens = sign_in(client, user)
    log_in(client, identifier=user.email, password="a wrong password")
    log_in(client, identifier="nobody@example.com", password="a wrong password")
    good, bad, unknown = audit_rows(app)
    assert (good["action"], good["status"], good["outcome"]) == ("auth.login", 200, "success")
    assert (good["actor_id"], str(good["session_id"]), good["actor_roles"]) == (user.id, tokens.session_id, ["doctor"])
    assert (bad["status"], bad["outcome"], bad["actor_id"], bad["object_id"]) == (401, "denied", None, user.id)
    assert (unknown["status"], unknown["outcome"], unknown["object_id"]) == (401, "denied", None)


def test_each_sign_in_is_a_session_of_its_own(app, client):
    user = make_user(app, "doctor")
    first, second = sign_in(client, user), sign_in(client, user)
    assert first.session_id != second.session_id
    assert first.refresh != second.refresh


def test_me_and_verify_token_say_who_is_signed_in(app, client):
    user = make_user(app, "cashier")
    tokens = sign_in(client, user)
    me = client.get(f"{API}/auth/me", headers=tokens.headers)
    assert me.status_code == 200
    assert me.headers["ETag"] == f'"{me.json["data"]["version"]}"'
    assert me.json["data"].keys() >= USER_FIELDS | {"permissions"}
    assert "patients:read" in me.json["data"]["permissions"]
    assert "users:read" not in me.json["data"]["permissions"]
    assert client.get(f"{API}/users/me", headers=tokens.headers).json == me.json
    claims = client.get(f"{API}/auth/verify-token", headers=tokens.headers).json["data"]
    assert (claims["user_id"], claims["session_id"]) == (str(user.id), tokens.session_id)
    assert client.get(f"{API}/auth/verify-token", headers=bearer("nonsense")).status_code == 401


def test_one_changes_ones_own_names_and_nothing_of_ones_authority(app, client):
    tokens = sign_in(client, make_user(app, "nurse"))
    me = f"{API}/auth/me"
    changed = client.patch(me, json={"first_name": "Zoë", "phone": "(617) 555-0100"}, headers=tokens.headers)
    assert (changed.json["data"]["first_name"], changed.json["data"]["phone"]) == ("Zoë", "+16175550100")
    for field, value in (("roles", ["admin"]), ("status", "active"), ("email", "x@example.com"), ("id", "x")):
        answer = client.patch(me, json={field: value}, headers=tokens.headers)
        assert (answer.status_code, list(answer.json["errors"])) == (422, [field])
    stale = client.patch(me, json={"last_name": "New"}, headers={**tokens.headers, "If-Match": '"1"'})
    assert stale.status_code == 412
    assert client.get(me, headers=tokens.headers).json["data"]["last_name"] != "New"


# The OAuth2 password form


def test_the_oauth_form_answers_plainly(app, client):
    user = make_user(app, "doctor")
    form = {"grant_type": "password", "username": user.email, "password": PASSWORD}
    answer = client.post(f"{API}/auth/token", data=form)
    assert answer.status_code == 200
    assert answer.json.keys() == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert answer.json["token_type"].lower() == "bearer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert client.get(f"{API}/auth/me", headers=bearer(answer.json["access_token"])).status_code == 200


def test_the_oauth_form_takes_a_form_and_nothing_else(app, client):
    user = make_user(app, "doctor")
    form = {"username": user.username, "password": PASSWORD}
    assert client.post(f"{API}/auth/token", json=form).status_code == 415
    assert client.post(f"{API}/auth/token", data=form, content_type="multipart/form-data").status_code == 415
    assert client.post(LOGIN, data=form).status_code == 415
    assert client.post(f"{API}/auth/token", data={**form, "grant_type": "implicit"}).status_code == 422
    wrong = client.post(f"{API}/auth/token", data={**form, "password": "a wrong password"})
    assert (wrong.status_code, wrong.json["code"]) == (401, "bad_credentials")
