"""Patients register by themselves: whoever asks is answered alike, the address is proved by mail."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
import requests

from tests.factories.database import body_of, deliver, mails, query, token_in
from tests.factories.links import MARY, ask, link_token, register, registered, signs_in
from tests.factories.people import API, PASSWORD, SignedIn, make_patient, make_user, tokens_of

OTHER = "another river stone 43"


def headers_of(answer):
    """Return the headers but for those that name the request or the time."""
    return {name: value for name, value in answer.headers if name not in ("X-Request-ID", "Date")}


def users(app, email=MARY["email"]):
    return query(app, "SELECT * FROM users WHERE email_key = :email", email=email.lower())


def charts(app):
    return query(app, "SELECT * FROM patients ORDER BY number")


def test_a_new_patient_registers_verifies_and_sees_only_oneself(app, client):
    make_patient(app)
    answer = register(client, phone="(617) 555-0100", username="mary")
    assert (answer.status_code, answer.json["data"]) == (202, None)
    assert "Location" not in answer.headers
    assert signs_in(client, MARY["email"]).json["code"] == "email_not_verified"
    token = link_token(app)
    (mail,) = mails(app)
    assert MARY["email"] in mail["To"]
    assert f"http://localhost:3000/verify-email?token={token}" in body_of(mail)
    assert ask(client, "verify-email", token=token).status_code == 200
    tokens = tokens_of(signs_in(client, "mary"))
    me = client.get(f"{API}/auth/me", headers=tokens.headers).json["data"]
    assert (me["roles"], me["status"], me["phone"]) == (["patient"], "active", "+16175550100")
    seen = client.get(f"{API}/patients", headers=tokens.headers).json["data"]
    assert [one["id"] for one in seen] == [me["patient_id"]]
    assert (seen[0]["first_name"], seen[0]["sex"], seen[0]["email"]) == ("Mary", "unknown", MARY["email"])


def test_a_name_is_split_at_its_last_space(app, client):
    body = {name: value for name, value in MARY.items() if name not in ("first_name", "last_name")}
    assert ask(client, "register", **body, name="Mary Ann Sol", sex="female").status_code == 202
    (chart,) = charts(app)
    assert (chart["first_name"], chart["last_name"], chart["sex"]) == ("Mary Ann", "Sol", "female")
    assert list(ask(client, "register", **body, name="Mary").json["errors"]) == ["name"]


@pytest.mark.parametrize(
    ("changes", "blamed"),
    [
        ({"email": "nobody"}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "mary.sol@example.com"}, "password"),
        ({"date_of_birth": "2999-01-01"}, "date_of_birth"),
        ({"date_of_birth": "1800-01-01"}, "date_of_birth"),
        ({"sex": "f"}, "sex"),
        ({"phone": "call me"}, "phone"),
        ({"username": "a b"}, "username"),
        ({"roles": ["admin"]}, "roles"),
        ({"status": "active"}, "status"),
    ],
)
def test_what_is_not_valid_is_named(app, client, changes, blamed):
    answer = register(client, **changes)
    assert (answer.status_code, list(answer.json["errors"])) == (422, [blamed])
    assert users(app) == charts(app) == []


def test_a_taken_address_is_answered_exactly_as_a_new_one(app, client):
    user = make_user(app, "doctor", email="Taken@example.com")
    new, taken = register(client), register(client, email="taken@Example.com")
    assert (new.status_code, new.data, headers_of(new)) == (taken.status_code, taken.data, headers_of(taken))
    assert len(charts(app)) == 1
    assert deliver(app) == 2
    mail = next(mail for mail in mails(app) if user.email in mail["To"])
    assert "have an account already" in body_of(mail)
    assert "http" not in body_of(mail)
    assert signs_in(client, user.email).status_code == 200


def test_whoever_registered_an_address_before_its_owner_does_not_get_the_account(app, client):
    register(client)
    before = link_token(app)
    register(client, password=OTHER)
    link = link_token(app)
    assert f"http://localhost:3000/reset-password?token={link}" in body_of(mails(app)[-1])
    assert ask(client, "verify-email", token=before).json["code"] == "link_invalid"
    assert ask(client, "verify-email", token=link).json["code"] == "link_invalid"
    assert signs_in(client, MARY["email"]).json["code"] == "bad_credentials"
    assert ask(client, "reset-password", token=link, new_password="seven green bottles").status_code == 200
    assert signs_in(client, MARY["email"], "seven green bottles").status_code == 200
    assert [signs_in(client, MARY["email"], password).status_code for password in (PASSWORD, OTHER)] == [401, 401]


def test_no_later_mail_brings_the_first_password_back(app, client):
    register(client)
    register(client, password=OTHER)
    ask(client, "resend-verification", email=MARY["email"])
    assert deliver(app) == 3
    assert any("reset-password?token=" in body_of(mail) for mail in mails(app))
    *_, last = mails(app)
    assert "reset-password?token=" in body_of(last)
    for mail in mails(app):
        assert ask(client, "verify-email", token=token_in(mail)).json["code"] == "link_invalid"
    assert signs_in(client, MARY["email"]).status_code == 401
    assert ask(client, "reset-password", token=token_in(last), new_password="seven green bottles").status_code == 200


def test_who_registers_with_the_address_of_an_invitation_gets_that_again(app, client):
    make_user(app, "nurse", status="invited", email=MARY["email"])
    register(client)
    token = link_token(app)
    assert ask(client, "accept-invitation", token=token, password=PASSWORD).json["data"]["user"]["roles"] == ["nurse"]


def test_a_closed_account_gets_no_mail(app, client):
    make_user(app, "nurse", status="deactivated", email=MARY["email"])
    assert register(client).status_code == 202
    deliver(app)
    assert mails(app) == []


def username_of(app, email):
    return users(app, email)[0]["username"]


def test_a_user_name_does_not_tell_which_addresses_have_accounts(app, client):
    make_user(app, "nurse", email="taken@example.com")
    asked = {"taken@example.com": "first", "free@example.com": "second"}
    for email, name in asked.items():
        register(client, email=email, username=name)
    told = {}
    for name in asked.values():
        mine = f"{name}.probe@example.com"
        answer = register(client, email=mine, username=name.upper())
        token = link_token(app)
        mail = body_of(next(mail for mail in mails(app) if mine in mail["To"])).replace(token, "")
        assert ask(client, "verify-email", token=token).status_code == 200
        told[name] = (answer.status_code, answer.data, mail, signs_in(client, name).status_code)
    assert told["first"] == told["second"]
    assert told["first"][3] == 200


def test_a_user_name_is_whose_address_is_confirmed_first(app, client):
    make_user(app, "nurse", username="taken")
    assert register(client, username="Taken").status_code == 202
    assert ask(client, "verify-email", token=link_token(app)).status_code == 200
    assert username_of(app, MARY["email"]) is None
    assert signs_in(client, MARY["email"]).status_code == 200
    register(client, email="first@example.com", username="both")
    first = link_token(app)
    register(client, email="second@example.com", username="Both")
    second = link_token(app)
    assert signs_in(client, "both").json["code"] == "bad_credentials"
    assert [ask(client, "verify-email", token=token).status_code for token in (second, first)] == [200, 200]
    assert [username_of(app, email) for email in ("first@example.com", "second@example.com")] == [None, "Both"]


def test_an_admin_who_changes_something_else_gives_no_user_name_away(app, client, as_role):
    make_user(app, "nurse", username="mary")
    register(client, username="mary")
    path = f"/users/{uuid.UUID(str(users(app)[0]['id']))}"
    assert as_role("admin").patch(path, json={"phone": "+16175550100"}).status_code == 200
    taken = as_role("admin").patch(path, json={"username": "mary"})
    assert (taken.status_code, taken.json["code"]) == (409, "username_taken")


@pytest.mark.slow
def test_of_many_who_confirm_one_user_name_at_once_one_has_it(app, client, live_server):
    emails = [f"number{number}@example.com" for number in range(6)]
    tokens = []
    for email in emails:
        register(client, email=email, username="mary")
        tokens.append(link_token(app))
    together = threading.Barrier(6)

    def one(token):
        together.wait()
        return requests.post(f"{live_server.base_url}{API}/auth/verify-email", json={"token": token}, timeout=20)

    with ThreadPoolExecutor(6) as pool:
        assert [answer.status_code for answer in pool.map(one, tokens)] == [200] * 6
    assert sorted(username_of(app, email) or "" for email in emails) == [""] * 5 + ["mary"]


def test_failures_from_before_do_not_keep_a_new_owner_out(app, client):
    register(client)
    for _ in range(11):
        signs_in(client, MARY["email"], OTHER)
    assert signs_in(client, MARY["email"]).status_code == 429
    assert ask(client, "verify-email", token=link_token(app)).status_code == 200
    assert signs_in(client, MARY["email"]).status_code == 200


def test_a_stranger_cannot_fill_the_mailbox_of_an_account(app, client, clock):
    user = make_user(app, "doctor")
    assert {register(client, email=user.email).status_code for _ in range(8)} == {202}
    deliver(app)
    assert len(mails(app)) == 5
    clock.shift(3601)
    register(client, email=user.email)
    deliver(app)
    assert len(mails(app)) == 6


def test_a_likely_duplicate_is_flagged_for_the_desk_and_never_joined(app, client, as_role):
    known = make_patient(app, first_name="Mary", last_name="Sol", date_of_birth=date(1990, 5, 17))
    registered(app, client)
    desk, doctor = as_role("receptionist"), as_role("doctor")
    (flagged,) = desk.get("/patients", query_string={"possible_duplicate": "true"}).json["data"]
    assert (flagged["possible_duplicate"], flagged["mrn"] != known.mrn) == (True, True)
    assert desk.get(f"/patients/{known.id}").json["data"]["possible_duplicate"] is False
    assert query(app, "SELECT user_id FROM patients WHERE mrn = :mrn", mrn=known.mrn) == [{"user_id": None}]
    path = f"/patients/{flagged['id']}"
    own = SignedIn(client, None, tokens_of(signs_in(client, MARY["email"])))
    assert "possible_duplicate" not in own.get(path).json["data"]
    assert own.patch(path, json={"possible_duplicate": False}).status_code == 403
    assert doctor.patch(path, json={"possible_duplicate": False}).status_code == 404
    cleared = desk.patch(path, json={"possible_duplicate": False})
    assert (cleared.status_code, cleared.json["data"]["possible_duplicate"]) == (200, False)
    assert desk.get("/patients", query_string={"possible_duplicate": "true"}).json["data"] == []


@pytest.mark.slow
def test_of_many_who_register_one_address_at_once_one_account_comes(app, live_server):
    together = threading.Barrier(6)

    def one(number):
        together.wait()
        body = {**MARY, "password": f"password of number {number}"}
        return requests.post(f"{live_server.base_url}{API}/auth/register", json=body, timeout=20).status_code

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(one, range(6))) == [202] * 6
    assert (len(users(app)), len(charts(app))) == (1, 1)


def test_registering_twice_in_one_go_changes_nothing(app, client, clock):
    for _ in range(2):
        assert register(client).status_code == 202
    assert deliver(app) == 1
    token = token_in(mails(app)[-1])
    assert ask(client, "verify-email", token=token).status_code == 200
    assert signs_in(client, MARY["email"], MARY["password"]).status_code == 200


def test_registering_again_later_with_the_same_password_mails_a_new_link(app, client, clock):
    register(client)
    deliver(app)
    clock.shift(25 * 3600)
    register(client)
    token = link_token(app)
    assert ask(client, "verify-email", token=token).status_code == 200
    assert signs_in(client, MARY["email"], MARY["password"]).status_code == 200
