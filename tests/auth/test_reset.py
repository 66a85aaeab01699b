"""A forgotten password: asked for by anybody, answered alike, set by whoever reads the owner's mail."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.factories.database import body_of, deliver, everything, mails, query, token_in
from tests.factories.links import MARY, ask, link_token, register, signs_in
from tests.factories.people import API, PASSWORD, make_user, sign_in, signed_in

NEW = "seven green bottles"


def forgotten(app, client, user):
    """Ask for a link and return its token."""
    assert ask(client, "forgot-password", email=user.email).status_code == 200
    return link_token(app)


def reset(client, token, password=NEW):
    return ask(client, "reset-password", token=token, new_password=password)


def status_of(app, user):
    return query(app, "SELECT status FROM users WHERE email = :email", email=user.email)[0]["status"]


def test_the_mailed_link_sets_a_new_password_and_signs_nobody_in(app, client):
    user = make_user(app, "doctor")
    token = forgotten(app, client, user)
    assert f"http://localhost:3000/reset-password?token={token}" in body_of(mails(app)[-1])
    answer = reset(client, token)
    assert (answer.status_code, answer.json["data"]) == (200, None)
    assert signs_in(client, user.email, PASSWORD).status_code == 401
    assert signs_in(client, user.email, NEW).status_code == 200
    assert deliver(app) == 1
    assert "password was changed" in body_of(mails(app)[-1])


@pytest.mark.parametrize("status", ["unknown", "active", "locked", "invited", "deactivated"])
def test_whoever_asks_is_answered_alike_and_one_mail_waits(app, client, status):
    email = "nobody@example.com" if status == "unknown" else make_user(app, "nurse", status=status).email
    answer = ask(client, "forgot-password", email=email)
    assert (answer.status_code, answer.json["data"]) == (200, None)
    assert answer.json["message"] == "If this address has an account, a mail is on its way."
    assert len(query(app, "SELECT id FROM outbox WHERE kind = 'password_reset'")) == 1
    deliver(app)
    assert len(mails(app)) == (status in ("active", "locked", "invited"))


def test_who_was_invited_and_never_came_gets_the_invitation_again(app, client):
    token = forgotten(app, client, make_user(app, "nurse", status="invited"))
    assert reset(client, token).json["code"] == "link_invalid"
    assert ask(client, "accept-invitation", token=token, password=NEW).status_code == 200


def test_the_aliases_do_the_same(app, client):
    user = make_user(app, "doctor")
    assert ask(client, "forgot", email=user.email).status_code == 200
    assert ask(client, "reset", token=link_token(app), new_password=NEW).status_code == 200
    assert signs_in(client, user.email, NEW).status_code == 200


def test_all_sessions_are_dead_at_once(app, client):
    user = make_user(app, "doctor")
    sessions = [sign_in(client, user) for _ in range(2)]
    assert reset(client, forgotten(app, client, user)).status_code == 200
    for tokens in sessions:
        assert client.get(f"{API}/auth/me", headers=tokens.headers).status_code == 401
        assert ask(client, "refresh", refresh_token=tokens.refresh).status_code == 401
    reasons = query(app, "SELECT DISTINCT end_reason FROM sessions")
    assert reasons == [{"end_reason": "password_reset"}]


def test_a_locked_account_opens(app, client):
    user = make_user(app, "doctor", status="locked")
    assert reset(client, forgotten(app, client, user)).status_code == 200
    assert status_of(app, user) == "active"
    assert signs_in(client, user.email, NEW).status_code == 200


def test_failures_before_the_reset_do_not_keep_the_owner_out(app, client):
    user = make_user(app, "doctor")
    for _ in range(11):
        signs_in(client, user.email, "not the password")
    assert signs_in(client, user.email).status_code == 429
    assert reset(client, forgotten(app, client, user)).status_code == 200
    assert signs_in(client, user.email, NEW).status_code == 200


def test_the_link_proves_the_address(app, client):
    register(client)
    verification = link_token(app)
    ask(client, "forgot-password", email=MARY["email"])
    assert reset(client, link_token(app)).status_code == 200
    assert signs_in(client, MARY["email"], NEW).status_code == 200
    assert ask(client, "verify-email", token=verification).json["code"] == "link_invalid"


def test_the_second_factor_is_still_asked_for(app, client):
    user = make_user(app, "doctor")
    query(app, "UPDATE users SET mfa_enabled = :on WHERE email = :email", on=True, email=user.email)
    assert reset(client, forgotten(app, client, user)).status_code == 200
    answer = signs_in(client, user.email, NEW)
    assert (answer.status_code, answer.json["code"]) == (401, "mfa_required")


def test_the_link_works_once_and_for_half_an_hour(app, client, clock):
    user = make_user(app, "doctor")
    token = forgotten(app, client, user)
    clock.shift(30 * 60 - 1)
    assert reset(client, token).status_code == 200
    again = reset(client, token, "somebody else's one")
    assert (again.status_code, again.json["code"], list(again.json["errors"])) == (422, "link_invalid", ["token"])
    late = forgotten(app, client, user)
    clock.shift(30 * 60 + 1)
    assert reset(client, late).json["code"] == "link_invalid"


def test_a_fresh_link_kills_the_old_one(app, client):
    user = make_user(app, "doctor")
    old, fresh = forgotten(app, client, user), forgotten(app, client, user)
    assert reset(client, old).json["code"] == "link_invalid"
    assert reset(client, fresh).status_code == 200


def test_a_weak_password_does_not_use_the_link_up(app, client):
    user = make_user(app, "doctor")
    token = forgotten(app, client, user)
    weak = reset(client, token, "short")
    assert (weak.json["code"], list(weak.json["errors"])) == ("weak_password", ["new_password"])
    assert reset(client, token).status_code == 200


def test_a_closed_account_is_not_opened_by_a_link_from_before(app, client, as_role):
    user = make_user(app, "doctor")
    token = forgotten(app, client, user)
    assert as_role("admin").delete(f"/users/{user.id}").status_code == 204
    assert reset(client, token).json["code"] == "link_invalid"
    assert status_of(app, user) == "deactivated"


@pytest.mark.parametrize("path", ["forgot-password", "resend-verification"])
@pytest.mark.parametrize("is_known", [True, False])
def test_a_stranger_has_five_mails_an_hour_sent_and_is_not_told(app, client, clock, path, is_known):
    register(client)
    deliver(app)
    email = MARY["email"] if is_known else "nobody@example.com"
    before = len(query(app, "SELECT id FROM outbox"))
    assert {ask(client, path, email=email.upper()).status_code for _ in range(8)} == {200}
    assert len(query(app, "SELECT id FROM outbox")) == before + 5
    clock.shift(3601)
    ask(client, path, email=email)
    assert len(query(app, "SELECT id FROM outbox")) == before + 6


def test_while_no_more_mails_are_sent_the_last_link_works(app, client, clock):
    user = make_user(app, "doctor")
    for minute in range(30):
        ask(client, "forgot-password", email=user.email)
        clock.shift(60 if minute < 29 else 59)
    assert deliver(app) == 5
    assert reset(client, token_in(mails(app)[-1])).status_code == 200
    clock.shift(1)
    assert reset(client, forgotten(app, client, user)).status_code == 200


def test_a_link_opens_nothing_once_the_account_has_another_address(app, client):
    user = make_user(app, "doctor")
    token = forgotten(app, client, user)
    query(app, "UPDATE users SET email = 'Another' || email WHERE email = :email", email=user.email)
    assert reset(client, token).json["code"] == "link_invalid"


def test_no_mail_that_strangers_can_have_sent_says_what_they_typed(app, client, make_app):
    quick = make_app(SIGN_IN_LOCK_AFTER="2").test_client()
    user = make_user(app, "patient", first_name="Visit evil.example", username="evil.example")
    ask(client, "register", **{**MARY, "first_name": "Visit evil.example", "username": "evil.example"})
    for _ in range(2):
        ask(client, "register", **{**MARY, "email": user.email, "first_name": "Visit evil.example"})
        ask(client, "forgot-password", email=user.email)
        signs_in(quick, user.email, "not the password")
    assert deliver(app) == 6
    for mail in mails(app):
        assert "evil" not in mail.as_string()


def test_a_closed_account_that_is_opened_again_has_none_of_its_links(app, client, as_role):
    user, admin = make_user(app, "doctor"), as_role("admin")
    token = forgotten(app, client, user)
    assert admin.delete(f"/users/{user.id}").status_code == 204
    assert admin.post(f"/users/{user.id}/reactivate").status_code == 200
    assert reset(client, token).json["code"] == "link_invalid"
    assert reset(client, forgotten(app, client, user)).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "localhost:3000@evil.example"])
def test_links_lead_where_the_settings_say(app, client, host):
    user = make_user(app, "doctor")
    headers = {"Host": host, "X-Forwarded-Host": "evil.example", "Origin": "https://evil.example"}
    client.post(f"{API}/auth/forgot-password", json={"email": user.email}, headers=headers)
    client.post(f"{API}/auth/register", json=MARY, headers=headers)
    deliver(app)
    for mail in mails(app):
        assert "evil" not in mail.as_string()
    assert deliver(app) == 0


@pytest.mark.slow
def test_of_many_who_use_a_link_at_once_one_succeeds_and_its_secret_is_nowhere(app, client, live_server):
    user = make_user(app, "doctor")
    token = forgotten(app, client, user)
    before = everything(app)
    together = threading.Barrier(6)

    def one(number):
        together.wait()
        body = {"token": token, "new_password": f"password of number {number}"}
        return requests.post(f"{live_server.base_url}{API}/auth/reset-password", json=body, timeout=20).status_code

    with ThreadPoolExecutor(6) as pool:
        statuses = sorted(pool.map(one, range(6)))
    live_server.stop()
    logged = live_server.log.read_text()
    assert statuses == [200, 422, 422, 422, 422, 422]
    assert "reset-password" in logged
    for place in (before, everything(app), logged):
        assert token not in place
        assert "password of number" not in place
    assert sum(signs_in(client, user.email, f"password of number {number}").status_code == 200 for number in range(6))


def test_a_signed_in_owner_resets_too(app, client):
    doctor = signed_in(app, "doctor")
    assert reset(client, forgotten(app, client, doctor.user)).status_code == 200
    assert doctor.get("/auth/me").status_code == 401
