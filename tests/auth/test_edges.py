"""What must hold at the edges of the front door: a busy hasher, stale cookies, new duties, new keys."""

import uuid

import pyotp
import pytest

from server.core.errors import Unavailable
from server.modules.auth import passwords
from tests.auth.doors import WRONG, fail, log_in
from tests.auth.test_cookies import LOGOUT, LOGOUT_ALL, browse
from tests.factories.people import API, PASSWORD, SignedIn, bearer, make_user, sign_in, signed_in, tokens_of


def test_a_try_that_could_not_be_checked_does_not_count(app, client, monkeypatch):
    user = make_user(app, "doctor")

    def busy(*_args):
        raise Unavailable

    with monkeypatch.context() as patch:
        patch.setattr(passwords, "matches", busy)
        assert {log_in(client, user).status_code for _ in range(30)} == {503}
    assert log_in(client, user).status_code == 200


@pytest.mark.parametrize("path", [LOGOUT, LOGOUT_ALL])
def test_sign_out_too_refuses_the_token_of_a_cookie_elsewhere(app, path):
    client = app.test_client(use_cookies=False)
    browser = browse(client, make_user(app, "doctor"))
    assert client.post(path, json={"refresh_token": browser.token}).status_code == 401
    assert client.post(path, headers=bearer(browser.token)).status_code == 401
    assert browser.is_alive()


def test_a_cookie_of_another_session_does_not_hinder_sign_out(app):
    client = app.test_client(use_cookies=False)
    browser = browse(client, make_user(app, "doctor"))
    someone = signed_in(app, "nurse")
    headers = {**someone.tokens.headers, "Cookie": f"__Host-refresh={browser.token}"}
    assert client.post(LOGOUT, headers=headers).status_code == 200
    assert someone.get("/auth/me").status_code == 401
    assert browser.is_alive()


def test_who_comes_to_owe_a_second_factor_signs_in_again(app, make_app):
    strict = make_app(MFA_REQUIRED_ROLES="doctor")
    admin = signed_in(strict, "admin")
    patient = signed_in(strict, "patient")
    answer = admin.patch(f"/users/{patient.user.id}", json={"roles": ["patient", "doctor"]})
    assert answer.status_code == 200
    assert patient.get("/auth/me").status_code == 401
    assert log_in(strict.test_client(), patient.user).json["code"] == "mfa_enrollment_required"


def test_a_shorter_idle_limit_binds_the_refresh_token_too(app, clock):
    admin, patient = signed_in(app, "admin"), signed_in(app, "patient")
    assert admin.patch(f"/users/{patient.user.id}", json={"roles": ["nurse"]}).status_code == 200
    clock.shift(31 * 60)
    answer = patient.client.post(f"{API}/auth/refresh", json={"refresh_token": patient.tokens.refresh})
    assert answer.status_code == 401


def test_signing_out_everywhere_forgets_the_other_devices(app, client):
    user = make_user(app, "doctor")
    elsewhere = log_in(client, user).json["data"]["device_token"]
    here = log_in(client, user)
    token = here.json["data"]["device_token"]
    SignedIn(client, user, tokens_of(here)).post("/auth/logout-all")
    assert 429 in fail(client, user, 11)
    assert log_in(client, user, device_token=elsewhere).status_code == 429
    assert log_in(client, user, device_token=token).status_code == 200


def test_success_on_a_known_device_ends_the_row_of_failures(make_app):
    app = make_app(SIGN_IN_LOCK_AFTER="4")
    client, user = app.test_client(), make_user(app, "nurse")
    token = log_in(client, user).json["data"]["device_token"]
    for _ in range(3):
        fail(client, user, 2)
        assert log_in(client, user, device_token=token).status_code == 200
    admin = signed_in(app, "admin")
    assert admin.get(f"/users/{user.id}").json["data"]["status"] == "active"


def test_a_code_from_who_has_no_second_factor_is_not_looked_at(app, client, make_app):
    user = make_user(app, "doctor")
    assert log_in(client, user, otp="123456").status_code == 200
    strict = make_app(MFA_REQUIRED_ROLES="doctor").test_client()
    assert log_in(strict, user, otp="123456").json["code"] == "mfa_enrollment_required"


def test_the_key_of_the_seals_can_change_under_what_it_closed(app, make_app):
    old = make_app(SECRETS_KEY="", AUDIT_SEAL_KEY="the first key of the seals and long enough")
    user = make_user(old, "doctor")
    token = log_in(old.test_client(), user).json["data"]["device_token"]
    changes = {"AUDIT_SEAL_PREVIOUS_KEYS": "the first key of the seals and long enough"}
    new = make_app(SECRETS_KEY="", AUDIT_SEAL_KEY="the second key of the seals and long enough", **changes)
    client = new.test_client()
    assert 429 in fail(client, user, 11)
    assert log_in(client, user, device_token=token).status_code == 200


def test_a_second_factor_that_no_key_opens_is_503_not_500(app, make_app):
    old = make_app(SECRETS_KEY="a key that gets lost, long enough for this")
    user = make_user(old, "doctor")
    client = SignedIn(old.test_client(), user, sign_in(old.test_client(), user))
    secret = client.post("/auth/mfa/enroll", json={}).json["data"]["secret"]
    assert client.post("/auth/mfa/confirm", json={"code": pyotp.TOTP(secret).now()}).status_code == 200
    other = make_app(SECRETS_KEY="another key, long enough for this purpose").test_client()
    assert log_in(other, user, otp="123456").status_code == 503
    assert log_in(other, user, WRONG).status_code == 401


def test_wrong_codes_in_a_row_lock_as_wrong_passwords_do(app, make_app):
    strict = make_app(SIGN_IN_LOCK_AFTER="3")
    user = make_user(strict, "doctor")
    client = SignedIn(strict.test_client(), user, sign_in(strict.test_client(), user))
    secret = client.post("/auth/mfa/enroll", json={}).json["data"]["secret"]
    assert client.post("/auth/mfa/confirm", json={"code": pyotp.TOTP(secret).now()}).status_code == 200
    for _ in range(3):
        assert log_in(client.client, user, PASSWORD, otp="not it").status_code == 401
    admin = signed_in(strict, "admin")
    assert admin.get(f"/users/{user.id}").json["data"]["status"] == "locked"


def test_an_operator_turns_a_lost_second_factor_off(app):
    client = signed_in(app, "doctor")
    secret = client.post("/auth/mfa/enroll", json={}).json["data"]["secret"]
    assert client.post("/auth/mfa/confirm", json={"code": pyotp.TOTP(secret).now()}).status_code == 200
    runner = app.test_cli_runner()
    assert runner.invoke(args=["auth", "mfa-off", client.user.email.upper()]).exit_code == 0
    assert client.get("/auth/me").status_code == 401
    assert log_in(app.test_client(), client.user).status_code == 200
    assert runner.invoke(args=["auth", "mfa-off", client.user.email]).exit_code == 1


def test_an_admin_watches_the_sessions_of_a_user_and_ends_one(app):
    admin, doctor = signed_in(app, "admin"), signed_in(app, "doctor")
    second = signed_in(app, user=doctor.user)
    path = f"/users/{doctor.user.id}/sessions"
    shown = admin.get(path).json
    assert {one["id"] for one in shown["data"]} == {doctor.tokens.session_id, second.tokens.session_id}
    assert not any(one["is_current"] for one in shown["data"])
    assert admin.delete(f"{path}/{second.tokens.session_id}").status_code == 204
    assert second.get("/auth/me").status_code == 401
    assert doctor.get("/auth/me").status_code == 200
    assert admin.delete(f"{path}/{admin.tokens.session_id}").status_code == 404
    assert admin.get(f"/users/{uuid.uuid4()}/sessions").status_code == 404


def test_strangers_codes_do_not_keep_an_open_session_from_its_second_factor(app):
    client = signed_in(app, "doctor")
    secret = client.post("/auth/mfa/enroll", json={}).json["data"]["secret"]
    codes = client.post("/auth/mfa/confirm", json={"code": pyotp.TOTP(secret).now()}).json["data"]["recovery_codes"]
    for _ in range(11):
        stranger = log_in(app.test_client(), client.user, otp="not it")
    assert stranger.status_code == 429
    body = {"password": PASSWORD, "code": codes[0]}
    assert client.post("/auth/mfa/recovery-codes", json=body).status_code == 200


def test_who_turns_off_a_factor_that_is_a_duty_is_signed_out(make_app):
    strict = make_app(MFA_REQUIRED_ROLES="doctor")
    user = make_user(strict, "doctor")
    token = log_in(strict.test_client(), user).json["mfa_token"]
    client = strict.test_client()
    secret = client.post(f"{API}/auth/mfa/enroll", json={"mfa_token": token}).json["data"]["secret"]
    body = {"mfa_token": token, "code": pyotp.TOTP(secret).now()}
    confirmed = client.post(f"{API}/auth/mfa/confirm", json=body)
    doctor = SignedIn(client, user, tokens_of(confirmed))
    code = confirmed.json["data"]["recovery_codes"][0]
    assert doctor.post("/auth/mfa/disable", json={"password": PASSWORD, "code": code}).status_code == 200
    assert doctor.get("/auth/me").status_code == 401
    assert log_in(client, user).json["code"] == "mfa_enrollment_required"
