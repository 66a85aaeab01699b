"""A hundred at once: no more tries are checked than one after the other would be, and what works once works once."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.auth.doors import Phone, asked, enrol, log_in, serving
from tests.factories.database import deliver, mails, query
from tests.factories.people import API, PASSWORD, make_user, sign_in, signed_in

pytestmark = pytest.mark.slow

WRONG = "a wrong password"


def at_once(number, act):
    """Call `act(0)`, `act(1)` ... in threads that all begin together; return what they return."""
    together = threading.Barrier(number)

    def one(place):
        together.wait(30)
        return act(place)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(one, range(number)))


def post(base, path, body, headers=None):
    return requests.post(base + path, json=body, headers=headers, timeout=60)


def statuses(answers):
    found = [answer.status_code for answer in answers]
    return {status: found.count(status) for status in set(found)}


def recorded(app, path, status):
    """Return how many answers of a path the audit log has with this status."""
    found = query(
        app,
        "SELECT count(*) AS n FROM audit_logs WHERE route = :route AND status = :status",
        route=API + path,
        status=status,
    )
    return found[0]["n"]


@pytest.fixture
def base(live_server):
    """Give the address of a live server with the API's prefix."""
    return live_server.base_url + API


@pytest.fixture
def doctor(app):
    """Give a doctor who is signed in, with a phone whose next code is still good."""
    someone = signed_in(app, "doctor")
    someone.phone, someone.codes = enrol(someone)
    return someone


# Guessing


@pytest.mark.parametrize("known", [True, False])
def test_of_a_hundred_passwords_at_once_ten_are_checked(app, base, known):
    name = make_user(app, "doctor").email if known else "nobody@example.com"
    answers = at_once(
        100, lambda number: post(base, "/auth/login", {"identifier": name, "password": WRONG + str(number)})
    )
    assert statuses(answers) == {401: 10, 429: 90}
    assert recorded(app, "/auth/login", 401) == 10
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers if answer.status_code == 429)
    assert post(base, "/auth/login", {"identifier": name, "password": PASSWORD}).status_code == 429


def test_of_a_hundred_accounts_at_once_an_address_tries_twenty(app, base):
    def guess(number):
        return post(base, "/auth/login", {"identifier": f"nobody{number}@example.com", "password": WRONG})

    assert statuses(at_once(100, guess)) == {401: 20, 429: 80}


def test_of_a_hundred_codes_at_once_ten_are_checked(app, base, doctor):
    waiting, wrong = asked(doctor.client, doctor.user), doctor.phone.wrong_code()
    answers = at_once(100, lambda _: post(base, "/auth/mfa/verify", {"mfa_token": waiting, "code": wrong}))
    assert statuses(answers) == {401: 10, 429: 90}
    assert recorded(app, "/auth/mfa/verify", 401) == 10
    right = {"mfa_token": waiting, "code": doctor.phone.code(1)}
    assert post(base, "/auth/mfa/verify", right).status_code == 429


def test_of_a_hundred_recovery_codes_at_once_ten_are_checked(app, base, doctor):
    waiting = [asked(doctor.client, doctor.user) for _ in range(5)]

    def guess(number):
        # Of the form of a real one; that it is one has a chance of one in a million.
        code = doctor.codes[0][:-4] + f"{number:04}"
        return post(base, "/auth/mfa/verify", {"mfa_token": waiting[number % 5], "code": code})

    assert statuses(at_once(100, guess)) == {401: 10, 429: 90}
    assert recorded(app, "/auth/mfa/verify", 401) == 10
    right = {"mfa_token": waiting[0], "code": doctor.codes[0]}
    assert post(base, "/auth/mfa/verify", right).status_code == 429


def test_of_a_hundred_present_passwords_at_once_ten_are_checked(app, base):
    doctor = signed_in(app, "doctor")
    body = {"current_password": WRONG, "new_password": "another good password"}
    answers = at_once(100, lambda _: post(base, "/auth/change-password", body, doctor.tokens.headers))
    assert statuses(answers) == {422: 10, 429: 90}
    assert recorded(app, "/auth/change-password", 422) == 10
    right = {**body, "current_password": PASSWORD}
    assert post(base, "/auth/change-password", right, doctor.tokens.headers).status_code == 429


def test_two_thousand_guesses_from_fifty_addresses_do_not_keep_the_owner_out(app, leg):
    user = make_user(app, "doctor")
    known = log_in(app.test_client(), user).json["data"]["device_token"]
    own = {"identifier": user.email, "password": PASSWORD, "device_token": known}
    with serving(leg, TRUSTED_PROXIES="1", BCRYPT_ROUNDS="4") as base:

        def attack(place):
            found = []
            with requests.Session() as session:
                for number in range(place, 2000, 8):
                    headers = {"X-Forwarded-For": f"198.51.100.{number % 50}"}
                    body = {"identifier": user.email, "password": f"guess number {number}"}
                    answer = session.post(f"{base}/auth/login", json=body, headers=headers, timeout=60)
                    found.append(answer.status_code)
            return found

        with ThreadPoolExecutor(8) as pool:
            guesses = [pool.submit(attack, place) for place in range(8)]
            during = []
            while not all(guess.done() for guess in guesses):
                # From an address that the strangers use up too.
                during.append(post(base, "/auth/login", own, {"X-Forwarded-For": "198.51.100.7"}).status_code)
                time.sleep(0.2)
        found = [status for guess in guesses for status in guess.result()]
        after = post(base, "/auth/login", own, {"X-Forwarded-For": "198.51.100.7"})
        elsewhere = post(base, "/auth/login", own | {"device_token": "x"}, {"X-Forwarded-For": "203.0.113.1"})
    assert len(found) == 2000
    assert set(found) == {401, 429}
    # The run may lie across the border of two windows.
    assert found.count(401) <= 20
    assert during
    assert set(during) == {200}
    assert (after.status_code, elsewhere.status_code) == (200, 429)


def test_failures_at_once_lock_once_and_mail_once(app, leg):
    user = make_user(app, "doctor")
    many = {"SIGN_IN_TRIES_PER_ACCOUNT": "1000", "SIGN_IN_TRIES_PER_ADDRESS": "1000", "SIGN_IN_LOCK_AFTER": "20"}
    with serving(leg, **many) as base:
        body = {"identifier": user.email, "password": WRONG}
        answers = at_once(40, lambda _: post(base, "/auth/login", body))
    assert statuses(answers) == {401: 40}
    assert query(app, "SELECT status FROM users WHERE email = :email", email=user.email) == [{"status": "locked"}]
    deliver(app)
    (mail,) = mails(app)
    assert user.email in mail["To"]


# What works once


def test_one_code_by_twenty_at_once_signs_in_once(app, base, doctor):
    waiting = [asked(doctor.client, doctor.user) for _ in range(20)]
    code = doctor.phone.code(1)
    answers = at_once(20, lambda number: post(base, "/auth/mfa/verify", {"mfa_token": waiting[number], "code": code}))
    found = statuses(answers)
    assert found.pop(200) == 1
    assert set(found) <= {401, 429}
    assert len(query(app, "SELECT id FROM sessions")) == 2


def test_one_recovery_code_by_twenty_at_once_signs_in_once(app, base, doctor):
    body = {"identifier": doctor.user.email, "password": PASSWORD, "otp": doctor.codes[3]}
    found = statuses(at_once(20, lambda _: post(base, "/auth/login", body)))
    assert found.pop(200) == 1
    assert set(found) <= {401, 429}
    assert len(query(app, "SELECT id FROM sessions")) == 2
    assert len(query(app, "SELECT id FROM recovery_codes WHERE used_at IS NOT NULL")) == 1


def test_one_recovery_code_signs_in_or_turns_off_and_not_both(app, base, doctor):
    code = doctor.codes[3]
    signs_in = {"identifier": doctor.user.email, "password": PASSWORD, "otp": code}

    def use(number):
        if number % 2:
            return post(base, "/auth/login", signs_in)
        return post(base, "/auth/mfa/recovery-codes", {"password": PASSWORD, "code": code}, doctor.tokens.headers)

    found = statuses(at_once(8, use))
    assert found.pop(200) == 1
    assert set(found) <= {401, 403, 422, 429}


def test_an_enrolment_confirmed_at_once_shows_one_set_of_codes(app, base):
    doctor = signed_in(app, "doctor")
    phone = Phone(doctor.post("/auth/mfa/enroll", json={}).json["data"]["secret"])
    body = {"code": phone.code()}
    answers = at_once(8, lambda _: post(base, "/auth/mfa/confirm", body, doctor.tokens.headers))
    found = statuses(answers)
    assert found.pop(200) == 1
    assert set(found) <= {409, 422, 429}
    assert len(query(app, "SELECT id FROM recovery_codes WHERE used_at IS NULL")) == 10
    (shown,) = (answer.json()["data"]["recovery_codes"] for answer in answers if answer.status_code == 200)
    assert log_in(doctor.client, doctor.user, otp=shown[0]).status_code == 200


def test_right_passwords_at_once_all_get_in(app, base):
    user = make_user(app, "doctor")
    body = {"identifier": user.email, "password": PASSWORD}
    # No more than there are tries: each takes its place before the password is looked at.
    assert statuses(at_once(10, lambda _: post(base, "/auth/login", body))) == {200: 10}
    assert sign_in(app.test_client(), user).session_id
