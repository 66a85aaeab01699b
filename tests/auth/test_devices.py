"""Known devices: no failure of a stranger keeps the owner out where the owner has signed in before."""

import uuid

import pytest

from tests.auth.doors import WRONG, fail, log_in
from tests.factories.database import everything, query
from tests.factories.people import API, make_user

HERE = "203.0.113.5"


@pytest.fixture
def client(make_app):
    """Give a client of an application that believes one proxy who the caller is."""
    return make_app(TRUSTED_PROXIES="1").test_client()


def device_of(client, user, **more):
    """Sign in and return the token of the device."""
    answer = log_in(client, user, **more)
    assert answer.status_code == 200, answer.text
    return answer.json["data"]["device_token"]


def use_up(client, user, address=HERE):
    """Have strangers use up the tries of an account and of an address."""
    assert 429 in fail(client, user, 11, address="198.51.100.1")
    for number in range(20):
        log_in(client, f"nobody{number}@example.com", WRONG, address=address)
    assert log_in(client, "another@example.com", WRONG, address=address).status_code == 429
    assert log_in(client, user, address=address).status_code == 429
    assert log_in(client, user, address="198.51.100.2").status_code == 429


def test_strangers_never_keep_a_known_device_out(app, client, clock):
    user = make_user(app, "doctor")
    token = device_of(client, user, address=HERE)
    use_up(client, user)
    for _ in range(15):
        assert log_in(client, user, address=HERE, device_token=token).status_code == 200
    assert log_in(client, user, address=HERE).status_code == 429


def test_a_known_device_is_known_at_any_address_and_by_any_name(app, client, clock):
    user = make_user(app, "doctor")
    token = device_of(client, user, address=HERE)
    use_up(client, user)
    for name in (user.email.upper(), user.username):
        assert log_in(client, name, address="192.0.2.77", device_token=token).status_code == 200


def test_a_known_device_is_no_way_past_the_password(app, client, clock):
    user = make_user(app, "doctor")
    token = device_of(client, user)
    assert log_in(client, user, WRONG, device_token=token).status_code == 401
    assert log_in(client, "nobody@example.com", device_token=token).status_code == 401


def test_a_known_device_has_ten_tries_of_its_own(app, client, clock):
    user = make_user(app, "doctor")
    token, other = device_of(client, user), device_of(client, user)
    answers = fail(client, user, 11, device_token=token)
    assert answers == [401] * 10 + [429]
    refused = log_in(client, user, device_token=token)
    assert refused.status_code == 429
    # Neither another device nor a new one has to pay for it.
    assert log_in(client, user, device_token=other).status_code == 200
    assert log_in(client, user).status_code == 200
    clock.shift(int(refused.headers["Retry-After"]))
    assert log_in(client, user, device_token=token).status_code == 200


def test_many_devices_are_not_many_times_the_tries(app, client, clock):
    """Whoever has no password gets no device, so a stranger's tries stay ten whatever the token says."""
    user = make_user(app, "doctor")
    answers = [
        log_in(client, user, WRONG, address=f"198.51.100.{number}", device_token=str(uuid.uuid4())).status_code
        for number in range(12)
    ]
    assert answers == [401] * 10 + [429] * 2


def test_another_users_device_is_no_help(app, client, clock):
    user, stranger = make_user(app, "doctor"), make_user(app, "doctor")
    theirs = device_of(client, stranger)
    use_up(client, user)
    assert log_in(client, user, address=HERE, device_token=theirs).status_code == 429
    assert log_in(client, user, address="198.51.100.3", device_token=theirs).status_code == 429


def tampered(token, others):
    """Return what a stranger may make of a token of this form."""
    half = len(token) // 2
    return [
        *(token[:-1], token[1:], token[:half], token + "A", token.swapcase(), token[::-1], token + "=", " " + token),
        *(others[:half] + token[half:], token[:half] + others[half:], token[:-4] + "AAAA"),
        *("x", ".", "..", "-", "=", "%00", "null", str(uuid.uuid4()), f"{uuid.uuid4()}.{'0' * 64}", "x" * 200),
        *("é" * 20, "🔑", "ключ", "\u202e" + token[1:], token[:-1] + "é", token + "\n", "é" + token[1:]),
    ]


def test_no_forged_token_helps_or_breaks_anything(app, client, clock):
    user, stranger = make_user(app, "doctor"), make_user(app, "doctor")
    theirs = device_of(client, stranger)
    # Only the shape is the stranger's to know; the bytes of the owner's token are not.
    own = device_of(client, user)
    use_up(client, user)
    for forged in tampered(own, theirs):
        answer = log_in(client, user, address=HERE, device_token=forged)
        assert answer.status_code in (422, 429), (forged, answer.text)
    assert log_in(client, user, address=HERE, device_token=own).status_code == 200


@pytest.mark.parametrize("value", ["", "x" * 201, "x" * 100_000, 5, 1.5, True, [], ["x"], {}, {"a": "b"}])
def test_what_is_no_token_at_all_is_422(app, client, value):
    answer = log_in(client, make_user(app, "doctor"), device_token=value)
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["device_token"])


@pytest.mark.parametrize("forged", ["x", "é" * 20, "🔑", "x" * 200])
def test_a_token_that_means_nothing_is_as_none(app, client, forged):
    user = make_user(app, "doctor")
    fresh = device_of(client, user, device_token=forged)
    assert fresh != forged
    assert device_of(client, user, device_token=fresh)


def test_a_device_stays_one_device(app, client, clock):
    user = make_user(app, "doctor")
    token = device_of(client, user)
    assert len(token) <= 200
    for _ in range(3):
        token = device_of(client, user, device_token=token)
    assert len(query(app, "SELECT id FROM devices")) == 1
    assert device_of(client, user) != token
    assert len(query(app, "SELECT id FROM devices")) == 2


def test_a_refresh_tells_the_device_again(app, client, clock):
    user = make_user(app, "doctor")
    data = log_in(client, user).json["data"]
    clock.shift(60)
    renewed = client.post(f"{API}/auth/refresh", json={"refresh_token": data["refresh_token"]}).json["data"]
    use_up(client, user)
    assert log_in(client, user, address=HERE, device_token=renewed["device_token"]).status_code == 200


def test_the_token_of_a_device_is_in_no_table(app, client):
    user = make_user(app, "doctor")
    token = device_of(client, user)
    device_of(client, user, device_token=token)
    assert token not in everything(app)


def test_a_failure_makes_no_device(app, client, clock):
    user = make_user(app, "doctor")
    answer = log_in(client, user, WRONG)
    assert "device_token" not in answer.text
    assert query(app, "SELECT id FROM devices") == []
