"""Guessing: how many tries an account and an address have, what locks an account, and what any of it tells."""

import pytest

from tests.auth.doors import LOGIN, WRONG, comparable, fail, is_alive, log_in
from tests.factories.database import audit_rows, body_of, deliver, everything, mails, query, token_in
from tests.factories.people import API, PASSWORD, make_user, sign_in, signed_in

WINDOW = 300
MANY = "100000"


@pytest.fixture
def proxied(make_app):
    """Give an application that believes one proxy who the caller is."""
    return make_app(TRUSTED_PROXIES="1").test_client()


def status_of(app, user):
    return query(app, "SELECT status FROM users WHERE email = :email", email=user.email)[0]["status"]


# By account


def test_an_account_has_ten_tries_and_more_after_five_minutes(app, client, clock):
    user = make_user(app, "doctor")
    assert fail(client, user, 10) == [401] * 10
    refused = log_in(client, user, WRONG)
    assert (refused.status_code, refused.json["code"]) == (429, "too_many_tries")
    assert refused.headers["Content-Type"] == "application/problem+json"
    wait = int(refused.headers["Retry-After"])
    assert WINDOW - 1 <= wait <= WINDOW
    # The right password changes nothing of it, so nobody learns by it that it is right.
    assert comparable(log_in(client, user)) == comparable(refused)
    clock.shift(wait - 1)
    assert log_in(client, user).status_code == 429
    clock.shift(1)
    assert log_in(client, user).status_code == 200


def test_the_tenth_try_may_still_be_the_right_one(app, client, clock):
    user = make_user(app, "doctor")
    assert fail(client, user, 9) == [401] * 9
    assert log_in(client, user).status_code == 200


def test_refused_tries_do_not_lengthen_the_wait(app, client, clock):
    user = make_user(app, "doctor")
    fail(client, user, 10)
    for _ in range(5):
        clock.shift(50)
        assert log_in(client, user, WRONG).status_code == 429
    clock.shift(50)
    assert log_in(client, user).status_code == 200


def test_right_passwords_use_nothing_up(app, client, clock):
    user = make_user(app, "doctor")
    assert [log_in(client, user).status_code for _ in range(30)] == [200] * 30
    assert fail(client, user, 10) == [401] * 10


def test_all_names_of_an_account_are_counted_together(app, client, clock):
    user = make_user(app, "doctor", email="Dora.Weiss@example.com", username="dora")
    names = ["dora.weiss@example.com", "DORA.WEISS@EXAMPLE.COM", "dora", "DORA", "Dora.Weiss@example.com"]
    assert [log_in(client, name, WRONG).status_code for name in names * 2] == [401] * 10
    for field in ("email", "username", "identifier"):
        for name in names:
            answer = client.post(LOGIN, json={field: name, "password": user.password})
            assert answer.status_code == 429, (field, name)


def test_an_unknown_account_is_counted_alike_in_any_case(client, clock):
    names = [
        "nobody@example.com",
        "NOBODY@example.com",
        "Nobody@Example.Com",
        "nobody@EXAMPLE.COM",
        "noBody@example.com",
    ]
    assert [log_in(client, name, WRONG).status_code for name in names * 2] == [401] * 10
    assert log_in(client, "nobody@example.com", WRONG).status_code == 429
    assert log_in(client, "somebody@example.com", WRONG).status_code == 401


def test_one_account_leaves_the_others_alone(app, client, clock):
    user, other = make_user(app, "doctor"), make_user(app, "doctor")
    fail(client, user, 11)
    assert log_in(client, other).status_code == 200


def test_the_oauth_form_is_counted_with_the_others(app, client, clock):
    user = make_user(app, "doctor")
    form = {"username": user.username, "password": WRONG}
    assert [client.post(f"{API}/auth/token", data=form).status_code for _ in range(5)] == [401] * 5
    assert fail(client, user, 5) == [401] * 5
    answer = client.post(f"{API}/auth/token", data={**form, "password": PASSWORD})
    assert (answer.status_code, answer.headers["Retry-After"].isdigit()) == (429, True)
    assert log_in(client, user).status_code == 429


def test_each_try_is_on_record_without_its_password(app, client, clock):
    user = make_user(app, "doctor")
    fail(client, user, 12)
    rows = audit_rows(app)
    assert [row["status"] for row in rows] == [401] * 10 + [429] * 2
    assert "success" not in {row["outcome"] for row in rows}
    assert WRONG not in everything(app)


# By address


def test_an_address_has_twenty_tries_whatever_the_account(app, proxied, clock):
    user = make_user(app, "doctor")
    names = [f"nobody{number}@example.com" for number in range(20)]
    assert [log_in(proxied, name, WRONG, address="203.0.113.5").status_code for name in names] == [401] * 20
    refused = log_in(proxied, user, address="203.0.113.5")
    assert (refused.status_code, refused.json["code"]) == (429, "too_many_tries")
    wait = int(refused.headers["Retry-After"])
    assert WINDOW - 1 <= wait <= WINDOW
    assert log_in(proxied, user, address="203.0.113.6").status_code == 200
    clock.shift(wait - 1)
    assert log_in(proxied, user, address="203.0.113.5").status_code == 429
    clock.shift(1)
    assert log_in(proxied, user, address="203.0.113.5").status_code == 200


def test_an_account_of_ones_own_buys_no_further_tries(app, proxied, clock):
    mine = make_user(app, "patient")
    where = "203.0.113.5"
    for number in range(20):
        assert log_in(proxied, f"nobody{number}@example.com", WRONG, address=where).status_code == 401
        if number < 19:
            assert log_in(proxied, mine, address=where).status_code == 200
    assert log_in(proxied, "another@example.com", WRONG, address=where).status_code == 429


def test_another_address_buys_no_further_tries_on_an_account(app, proxied, clock):
    user = make_user(app, "doctor")
    answers = [log_in(proxied, user, WRONG, address=f"203.0.113.{number}").status_code for number in range(15)]
    assert answers == [401] * 10 + [429] * 5


def test_an_address_that_the_caller_makes_up_counts_for_nothing(app, client, clock):
    names = [f"nobody{number}@example.com" for number in range(20)]
    for number, name in enumerate(names):
        assert log_in(client, name, WRONG, address=f"203.0.113.{number}").status_code == 401
    assert log_in(client, "another@example.com", WRONG, address="203.0.113.99").status_code == 429


@pytest.mark.parametrize(
    "forwarded", ["", "nonsense", "unix:", "2001:db8::1", "fe80::1%eth0", "1.2.3.4:55", "[2001:db8::1]:55", "é"]
)
def test_an_odd_address_is_no_error(app, proxied, forwarded):
    assert log_in(proxied, make_user(app, "doctor"), WRONG, address=forwarded).status_code == 401


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:198.51.100.1", "198.51.100.1", True),
        ("::ffff:198.51.100.1", "::ffff:198.51.100.2", False),
        ("198.51.100.1:50001", "198.51.100.1:50002", True),
    ],
)
def test_what_counts_as_one_address(proxied, clock, first, second, together):
    for number in range(20):
        assert log_in(proxied, f"nobody{number}@example.com", WRONG, address=first).status_code == 401
    last = log_in(proxied, "another@example.com", WRONG, address=second)
    assert last.status_code == (429 if together else 401)


# What the answers tell


def some_of_each_kind(app):
    """Make an account of each kind; return what signs in to them, an unknown one first."""
    kinds = ("active", "invited", "locked", "deactivated")
    people = [make_user(app, "patient", status=status) for status in kinds]
    unverified = make_user(app, "patient")
    query(app, "UPDATE users SET email_verified_at = NULL WHERE email = :email", email=unverified.email)
    return ["nobody@example.com", unverified.email, *(user.email for user in people)]


def test_no_kind_of_account_answers_a_wrong_password_in_its_own_way(app, make_app, clock):
    client = make_app(SIGN_IN_TRIES_PER_ADDRESS=MANY).test_client()
    names = some_of_each_kind(app)
    seen = {name: [comparable(log_in(client, name, WRONG)) for _ in range(12)] for name in names}
    expected = seen[names[0]]
    assert [status for status, _, _ in expected] == [401] * 10 + [429] * 2
    for name in names:
        assert seen[name] == expected, name


def test_no_kind_of_account_shows_that_it_is_being_locked(app, make_app, clock):
    client = make_app(SIGN_IN_TRIES_PER_ADDRESS=MANY, SIGN_IN_LOCK_AFTER="3").test_client()
    names = some_of_each_kind(app)
    seen = {name: [comparable(log_in(client, name, WRONG)) for _ in range(6)] for name in names}
    for name in names:
        assert seen[name] == seen[names[0]], name


def test_after_the_right_password_the_truth_is_told_and_a_lock_stays_hidden(app, client, clock):
    _, unverified, _, _, locked, gone = some_of_each_kind(app)
    told = [log_in(client, name) for name in (unverified, gone)]
    assert [(answer.status_code, answer.json["code"]) for answer in told] == [
        (403, "email_not_verified"),
        (403, "account_deactivated"),
    ]
    assert comparable(log_in(client, locked)) == comparable(log_in(client, locked, WRONG))


def test_a_locked_account_counts_a_right_password_as_a_wrong_one(app, client, clock):
    locked, other = (make_user(app, "doctor", status="locked") for _ in range(2))
    right = [comparable(log_in(client, locked)) for _ in range(12)]
    clock.shift(WINDOW)
    assert right == [comparable(log_in(client, other, WRONG)) for _ in range(12)]


# A hundred in a row


def test_a_hundred_failures_in_a_row_lock_an_account(app, make_app, clock):
    client = make_app(SIGN_IN_TRIES_PER_ADDRESS=MANY).test_client()
    user = make_user(app, "doctor")
    for _ in range(9):
        assert fail(client, user, 12) == [401] * 10 + [429] * 2
        clock.shift(WINDOW)
    assert fail(client, user, 9) == [401] * 9
    assert status_of(app, user) == "active"
    assert fail(client, user, 1) == [401]
    assert status_of(app, user) == "locked"


@pytest.fixture
def quick(make_app):
    """Give an application that locks after five."""
    changes = {"SIGN_IN_TRIES_PER_ACCOUNT": MANY, "SIGN_IN_TRIES_PER_ADDRESS": MANY, "SIGN_IN_LOCK_AFTER": "5"}
    return make_app(**changes)


def lock(app, quick, **facts):
    """Make a user who has signed in once; lock them; return them and what they signed in with."""
    user = make_user(app, "doctor", **facts)
    client = quick.test_client()
    known = log_in(client, user).json["data"]
    assert fail(client, user, 5) == [401] * 5
    assert status_of(app, user) == "locked"
    return user, known


def test_a_right_password_ends_the_row(app, quick):
    user, client = make_user(app, "doctor"), quick.test_client()
    for _ in range(3):
        fail(client, user, 4)
        assert log_in(client, user).status_code == 200
    assert status_of(app, user) == "active"
    fail(client, user, 5)
    assert status_of(app, user) == "locked"


def test_refused_tries_do_not_lock(app, make_app, clock):
    client = make_app(
        SIGN_IN_TRIES_PER_ACCOUNT="3", SIGN_IN_TRIES_PER_ADDRESS=MANY, SIGN_IN_LOCK_AFTER="5"
    ).test_client()
    user = make_user(app, "doctor")
    assert fail(client, user, 10) == [401] * 3 + [429] * 7
    assert status_of(app, user) == "active"
    clock.shift(WINDOW)
    fail(client, user, 2)
    assert status_of(app, user) == "locked"


def test_a_locked_account_takes_no_new_sign_in_and_keeps_its_sessions(app, quick):
    user, known = lock(app, quick)
    client = quick.test_client()
    right, wrong = log_in(client, user), log_in(client, user, WRONG)
    assert (right.status_code, right.json["code"]) == (401, "bad_credentials")
    assert comparable(right) == comparable(wrong)
    form = {"username": user.email, "password": PASSWORD}
    assert client.post(f"{API}/auth/token", data=form).status_code == 401
    assert is_alive(client, known["access_token"])
    assert client.post(f"{API}/auth/refresh", json={"refresh_token": known["refresh_token"]}).status_code == 200


def test_the_right_password_on_a_known_device_unlocks(app, quick):
    user, known = lock(app, quick)
    client, device = quick.test_client(), {"device_token": known["device_token"]}
    assert log_in(client, user, WRONG, **device).status_code == 401
    assert status_of(app, user) == "locked"
    answer = log_in(client, user, **device)
    assert (answer.status_code, answer.json["data"]["user"]["status"]) == (200, "active")
    assert status_of(app, user) == "active"
    assert log_in(client, user).status_code == 200
    # And the row begins anew.
    fail(client, user, 4)
    assert status_of(app, user) == "active"


def test_another_users_known_device_does_not_unlock(app, quick):
    user, _ = lock(app, quick)
    client = quick.test_client()
    other = log_in(client, make_user(app, "doctor")).json["data"]["device_token"]
    assert log_in(client, user, device_token=other).status_code == 401
    assert status_of(app, user) == "locked"


def test_the_owner_of_a_locked_account_has_one_mail_with_a_way_back(app, quick):
    user, _ = lock(app, quick)
    fail(quick.test_client(), user, 7)
    deliver(app)
    (mail,) = mails(app)
    assert user.email in mail["To"]
    assert "http://localhost:3000/reset-password?token=" in body_of(mail)
    assert token_in(mail) not in everything(app)


def test_a_reset_by_the_mailed_link_unlocks_and_ends_the_sessions(app, quick):
    user, known = lock(app, quick)
    client = quick.test_client()
    deliver(app)
    body = {"token": token_in(mails(app)[-1]), "new_password": "seven green bottles"}
    assert client.post(f"{API}/auth/reset-password", json=body).status_code == 200
    assert status_of(app, user) == "active"
    assert not is_alive(client, known["access_token"])
    assert log_in(client, user).status_code == 401
    assert log_in(client, user, "seven green bottles").status_code == 200


def test_an_admin_unlocks(app, quick):
    user, known = lock(app, quick)
    admin = signed_in(app, "admin")
    answer = admin.put(f"/users/{user.id}/unlock")
    assert (answer.status_code, answer.json["data"]["status"]) == (200, "active")
    client = quick.test_client()
    assert log_in(client, user).status_code == 200
    assert is_alive(client, known["access_token"])
    # And the row begins anew.
    fail(client, user, 4)
    assert status_of(app, user) == "active"


def test_an_unlocked_account_can_be_signed_in_to_at_once(app, make_app, clock):
    """Neither an admin's unlock nor a reset leaves the owner to wait for the window."""
    made = make_app(SIGN_IN_TRIES_PER_ADDRESS=MANY, SIGN_IN_LOCK_AFTER="10")
    user, client = make_user(app, "doctor"), made.test_client()
    assert fail(client, user, 11) == [401] * 10 + [429]
    assert status_of(app, user) == "locked"
    assert signed_in(app, "admin").put(f"/users/{user.id}/unlock").status_code == 200
    assert log_in(client, user).status_code == 200


@pytest.mark.parametrize("status", ["deactivated", "invited"])
def test_failures_never_change_an_account_that_is_not_active(app, quick, status):
    user = make_user(app, "doctor", status=status)
    assert fail(quick.test_client(), user, 8) == [401] * 8
    assert status_of(app, user) == status
    deliver(app)
    assert mails(app) == []


def test_nobody_is_mailed_about_an_unknown_account(app, quick):
    assert fail(quick.test_client(), "nobody@example.com", 8) == [401] * 8
    deliver(app)
    assert mails(app) == []


# The password of whoever is signed in


def change(who, current, new="another good password"):
    return who.post("/auth/change-password", json={"current_password": current, "new_password": new})


def test_a_session_has_ten_tries_at_its_password(app, client, clock):
    doctor = signed_in(app, "doctor")
    answers = [change(doctor, WRONG) for _ in range(12)]
    assert [answer.status_code for answer in answers] == [422] * 10 + [429] * 2
    refused = change(doctor, PASSWORD)
    assert refused.status_code == 429
    clock.shift(int(refused.headers["Retry-After"]))
    # Half an hour has not passed, but an access token lives for ten minutes only.
    again = sign_in(client, doctor.user)
    assert (
        client.post(
            f"{API}/auth/change-password",
            json={"current_password": PASSWORD, "new_password": "another good password"},
            headers=again.headers,
        ).status_code
        == 200
    )


def test_strangers_do_not_keep_the_owner_from_changing_the_password(app, client, clock):
    doctor = signed_in(app, "doctor")
    fail(client, doctor.user, 15)
    assert log_in(client, doctor.user).status_code == 429
    assert change(doctor, PASSWORD).status_code == 200
