"""An e-mail address counts once a link that was mailed to it has been opened."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.factories.database import body_of, deliver, everything, mails, query, token_in
from tests.factories.links import MARY, ask, link_token, register, signs_in
from tests.factories.people import API, PASSWORD, make_user, signed_in

NEW = "new.address@example.com"


def verify(client, token):
    return ask(client, "verify-email", token=token)


def change(someone, new_email=NEW, password=PASSWORD):
    return someone.post("/auth/change-email", json={"new_email": new_email, "password": password})


def address_of(someone):
    return someone.get("/auth/me").json["data"]["email"]


def is_to(mail, address):
    return address.lower() in mail["To"].lower()


# The address that somebody registered with


def test_the_link_works_once_and_for_a_day(app, client, clock):
    register(client)
    token = link_token(app)
    clock.shift(24 * 3600 - 1)
    assert verify(client, token).status_code == 200
    again = verify(client, token)
    assert (again.status_code, again.json["code"], list(again.json["errors"])) == (422, "link_invalid", ["token"])
    register(client, email="late@example.com")
    late = link_token(app)
    clock.shift(24 * 3600 + 1)
    assert verify(client, late).json["code"] == "link_invalid"
    assert signs_in(client, "late@example.com").json["code"] == "email_not_verified"


def test_the_link_is_sent_again_and_the_old_one_dies(app, client):
    register(client)
    old = link_token(app)
    assert ask(client, "resend-verification", email=MARY["email"].upper()).status_code == 200
    fresh = link_token(app)
    assert verify(client, old).json["code"] == "link_invalid"
    assert verify(client, fresh).status_code == 200


@pytest.mark.parametrize("status", ["unknown", "active", "invited", "deactivated"])
def test_whoever_asks_again_is_answered_alike_and_only_the_unverified_get_mail(app, client, status):
    email = "nobody@example.com" if status == "unknown" else make_user(app, "nurse", status=status).email
    answer = ask(client, "resend-verification", email=email)
    assert (answer.status_code, answer.json["message"]) == (
        200,
        "If this address has an account, a mail is on its way.",
    )
    assert len(query(app, "SELECT id FROM outbox WHERE kind = 'verification'")) == 1
    deliver(app)
    assert mails(app) == []


@pytest.mark.parametrize("path", ["verify-email", "reset-password", "accept-invitation"])
def test_no_link_opens_what_another_purpose_is_for(app, client, as_role, path):
    register(client)
    tokens = {"verify-email": link_token(app)}
    ask(client, "forgot-password", email=make_user(app, "nurse").email)
    tokens["reset-password"] = link_token(app)
    invited = {"email": "x@example.com", "first_name": "X", "last_name": "Y", "roles": ["nurse"]}
    as_role("admin").post("/users", json=invited)
    tokens["accept-invitation"] = link_token(app)
    bodies = {
        "verify-email": {},
        "reset-password": {"new_password": "seven green bottles"},
        "accept-invitation": {"password": "seven green bottles"},
    }
    for purpose, token in tokens.items():
        if purpose != path:
            assert ask(client, path, token=token, **bodies[path]).json["code"] == "link_invalid"
    assert ask(client, path, token=tokens[path], **bodies[path]).status_code == 200


@pytest.mark.slow
def test_of_many_who_open_a_link_at_once_one_succeeds(app, client, live_server):
    register(client)
    token = link_token(app)
    before = everything(app)
    together = threading.Barrier(6)

    def one(_number):
        together.wait()
        return requests.post(f"{live_server.base_url}{API}/auth/verify-email", json={"token": token}, timeout=20)

    with ThreadPoolExecutor(6) as pool:
        statuses = sorted(answer.status_code for answer in pool.map(one, range(6)))
    live_server.stop()
    assert statuses == [200, 422, 422, 422, 422, 422]
    for place in (before, everything(app), live_server.log.read_text()):
        assert token not in place


# Another address


def test_a_new_address_counts_once_it_is_confirmed_and_the_old_one_is_told(app, client, as_role):
    nurse = as_role("nurse")
    old = nurse.user.email
    answer = change(nurse)
    assert (answer.status_code, answer.json["data"]) == (200, None)
    token = link_token(app)
    assert is_to(mails(app)[-1], NEW)
    assert address_of(nurse) == old
    assert verify(client, token).status_code == 200
    assert address_of(nurse) == NEW
    assert deliver(app) == 1
    assert is_to(mails(app)[-1], old)
    assert "new e-mail address" in body_of(mails(app)[-1])
    assert signs_in(client, NEW).status_code == 200
    assert signs_in(client, old).status_code == 401
    assert verify(client, token).json["code"] == "link_invalid"


def test_a_taken_address_is_answered_as_a_free_one_and_its_owner_is_told(app, client, as_role):
    nurse, other = as_role("nurse"), make_user(app, "doctor")
    free, taken = change(nurse), change(nurse, other.email.upper())
    assert (free.status_code, free.data) == (taken.status_code, taken.data)
    assert deliver(app) == 2
    mail = next(mail for mail in mails(app) if is_to(mail, other.email))
    assert "http" not in body_of(mail)
    assert address_of(nurse) == nurse.user.email


def test_an_address_that_was_taken_meanwhile_stays_whose_it_is(app, client, as_role):
    nurse = as_role("nurse")
    change(nurse)
    token = link_token(app)
    make_user(app, "doctor", email=NEW)
    answer = verify(client, token)
    assert (answer.status_code, answer.json["code"]) == (409, "email_taken")
    assert address_of(nurse) == nurse.user.email


def test_the_password_must_be_right(app, as_role):
    nurse = as_role("nurse")
    answer = change(nurse, password="not my password")
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["password"])
    own = change(nurse, nurse.user.email.upper())
    assert (own.status_code, list(own.json["errors"])) == (422, ["new_email"])
    assert deliver(app) == 0


def test_links_to_the_old_address_die_with_it(app, client, as_role):
    nurse = as_role("nurse")
    ask(client, "forgot-password", email=nurse.user.email)
    reset = link_token(app)
    change(nurse, "first@example.com")
    first = link_token(app)
    change(nurse)
    second = link_token(app)
    assert verify(client, first).json["code"] == "link_invalid"
    assert verify(client, second).status_code == 200
    answer = ask(client, "reset-password", token=reset, new_password="seven green bottles")
    assert answer.json["code"] == "link_invalid"


def test_five_times_an_hour_and_five_mails_to_one_address(app, clock, as_role):
    nurse, other = as_role("nurse"), as_role("nurse")
    assert [change(nurse).status_code for _ in range(6)] == [200] * 5 + [429]
    assert change(other).status_code == 200
    assert deliver(app) == 5
    clock.shift(3601)
    assert change(signed_in(app, user=nurse.user)).status_code == 200


def test_a_closed_account_does_not_change(app, client, as_role):
    nurse = as_role("nurse")
    change(nurse)
    token = link_token(app)
    as_role("admin").delete(f"/users/{nurse.user.id}")
    assert verify(client, token).json["code"] == "link_invalid"


@pytest.fixture(params=["reset", "changed"])
def end_the_password(request, app, client):
    """Give what ends a user's password and, with it, what a thief of it has begun."""

    def end(someone):
        if request.param == "changed":
            body = {"current_password": PASSWORD, "new_password": "seven green bottles"}
            assert someone.post("/auth/change-password", json=body).status_code == 200
            return
        ask(client, "forgot-password", email=someone.user.email)
        deliver(app)
        token = next(token_in(mail) for mail in mails(app) if "reset-password" in body_of(mail))
        assert ask(client, "reset-password", token=token, new_password="seven green bottles").status_code == 200

    return end


def test_a_change_does_not_outlive_the_password_that_it_was_asked_with(app, client, as_role, end_the_password):
    nurse = as_role("nurse")
    change(nurse)
    token = link_token(app)
    end_the_password(nurse)
    assert verify(client, token).json["code"] == "link_invalid"


def test_nor_does_one_whose_mail_still_waits(app, client, clock, as_role):
    nurse = as_role("nurse")
    change(nurse)
    body = {"current_password": PASSWORD, "new_password": "seven green bottles"}
    clock.shift(1)
    assert nurse.post("/auth/change-password", json=body).status_code == 200
    deliver(app)
    assert not [mail for mail in mails(app) if is_to(mail, NEW)]


# By an admin


def test_what_an_admin_asked_for_outlives_a_password_while_its_mail_waits(app, client, clock, as_role):
    admin, nurse = as_role("admin"), as_role("nurse")
    admin.patch(f"/users/{nurse.user.id}", json={"email": NEW})
    clock.shift(1)
    body = {"current_password": PASSWORD, "new_password": "seven green bottles"}
    assert nurse.post("/auth/change-password", json=body).status_code == 200
    deliver(app)
    (mail,) = [mail for mail in mails(app) if is_to(mail, NEW)]
    assert verify(client, token_in(mail)).status_code == 200


def test_another_spelling_is_another_mailbox(app, client, as_role):
    admin, nurse = as_role("admin"), as_role("nurse")
    path, spelled = f"/users/{nurse.user.id}", nurse.user.email.replace("person", "Person")
    answer = admin.patch(path, json={"email": spelled})
    assert (answer.status_code, answer.json["data"]["email"]) == (200, nurse.user.email)
    assert "confirmed" in answer.json["message"]
    assert verify(client, link_token(app)).status_code == 200
    assert admin.get(path).json["data"]["email"] == spelled


def test_an_invitation_opens_nothing_once_it_went_to_another_address(app, client, as_role):
    admin = as_role("admin")
    names = {"first_name": "X", "last_name": "Y", "roles": ["nurse"]}
    made = admin.post("/users", json={"email": "typo@example.com", **names})
    token = link_token(app)
    assert admin.patch(f"/users/{made.json['data']['id']}", json={"email": NEW}).status_code == 200
    assert ask(client, "accept-invitation", token=token, password=PASSWORD).json["code"] == "link_invalid"
    assert ask(client, "accept-invitation", token=link_token(app), password=PASSWORD).status_code == 200


def test_an_admin_asks_for_another_address_and_its_owner_confirms(app, client, as_role):
    admin, nurse = as_role("admin"), as_role("nurse")
    path, old = f"/users/{nurse.user.id}", nurse.user.email
    answer = admin.patch(path, json={"email": NEW, "first_name": "Nora"})
    assert (answer.status_code, answer.json["data"]["email"]) == (200, old)
    assert answer.json["data"]["first_name"] == "Nora"
    assert "confirmed" in answer.json["message"]
    assert verify(client, link_token(app)).status_code == 200
    assert admin.get(path).json["data"]["email"] == NEW
    deliver(app)
    assert is_to(mails(app)[-1], old)


def test_an_admin_is_told_of_a_taken_address(app, as_role):
    admin, nurse, other = as_role("admin"), as_role("nurse"), make_user(app, "doctor")
    answer = admin.patch(f"/users/{nurse.user.id}", json={"email": other.email})
    assert (answer.status_code, answer.json["code"], list(answer.json["errors"])) == (409, "email_taken", ["email"])
    closed = make_user(app, "nurse", status="deactivated")
    assert list(admin.patch(f"/users/{closed.id}", json={"email": NEW}).json["errors"]) == ["email"]
    assert deliver(app) == 0


def test_the_address_of_an_invitation_changes_at_once(app, client, as_role):
    admin, user = as_role("admin"), make_user(app, "nurse", status="invited")
    answer = admin.patch(f"/users/{user.id}", json={"email": NEW})
    assert (answer.json["data"]["email"], answer.json["message"]) == (NEW, "Account changed.")
    assert ask(client, "accept-invitation", token=link_token(app), password=PASSWORD).status_code == 200
    assert signs_in(client, NEW).status_code == 200
