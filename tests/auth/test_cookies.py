"""The refresh token in a cookie: how narrow it is, what must stand beside it, and which kind of session takes it."""

import pytest

from tests.auth.doors import asked, enrol, enrol_by, is_alive, log_in, verify
from tests.factories.database import query
from tests.factories.people import API, bearer, make_patient, make_user, sign_in, signed_in

REFRESH, LOGOUT, LOGOUT_ALL = (f"{API}/auth/{name}" for name in ("refresh", "logout", "logout-all"))
ORIGIN = "https://clinic.example"
TOKEN, CSRF = "__Host-refresh", "__Host-csrf"


@pytest.fixture
def client(app):
    """Give a client that keeps no cookies by itself: the tests say what a browser sends."""
    return app.test_client(use_cookies=False)


def cookies_of(answer):
    """Return each cookie that an answer sets: its value, and its attributes in lower case."""
    found = {}
    for line in answer.headers.getlist("Set-Cookie"):
        first, *rest = line.split("; ")
        name, _, value = first.partition("=")
        assert name not in found, "one cookie, set twice"
        found[name] = (value, {key.lower(): told for key, _, told in (part.partition("=") for part in rest)})
    return found


class Browser:
    """Somebody's browser: it has the cookies of one session and knows its CSRF token."""

    def __init__(self, client, answer):
        assert answer.status_code == 200, answer.text
        self.client = client
        self.access = answer.json["data"]["access_token"]
        self.keep(answer)

    def keep(self, answer):
        self.csrf = answer.json["data"]["csrf_token"]
        self.token, self.csrf_cookie = (cookies_of(answer)[name][0] for name in (TOKEN, CSRF))

    @property
    def headers(self):
        return {"Cookie": f"{TOKEN}={self.token}; {CSRF}={self.csrf_cookie}", "X-CSRF-Token": self.csrf}

    def post(self, path, *, without=(), **changes):
        headers = {name: value for name, value in {**self.headers, **changes}.items() if name not in without}
        return self.client.post(path, headers=headers)

    def is_alive(self):
        return is_alive(self.client, self.access)


def browse(client, user, **more):
    return Browser(client, log_in(client, user, cookie=True, **more))


# What is set


def check_cookies(answer, seconds):
    """See that an answer sets both cookies as the contract says, and keeps the token out of its body."""
    data = answer.json["data"]
    assert data["refresh_expires_in"] == seconds
    assert "refresh_token" not in data
    cookies = cookies_of(answer)
    assert set(cookies) == {TOKEN, CSRF}
    assert cookies[CSRF][0] == data["csrf_token"]
    assert cookies[TOKEN][0] not in answer.text
    common = {"max-age": str(seconds), "path": "/", "secure": "", "samesite": "Strict"}
    for name, (_, attributes) in cookies.items():
        attributes.pop("expires", None)
        assert attributes == (common | {"httponly": ""} if name == TOKEN else common)


def test_the_cookies_are_as_narrow_as_can_be(app, client, clock):
    answer = log_in(client, make_user(app, "doctor"), cookie=True)
    assert answer.status_code == 200
    check_cookies(answer, 1800)
    assert answer.json["data"].keys() == {
        *("access_token", "token_type", "expires_in", "refresh_expires_in", "session_id", "device_token", "user"),
        "csrf_token",
    }


def test_the_cookies_live_as_long_as_the_token(app, client, clock):
    patient = make_user(app, "patient")
    make_patient(app, user_id=patient.id)
    answer = log_in(client, patient, cookie=True)
    check_cookies(answer, 15 * 86400)
    browser = Browser(client, answer)
    clock.shift(10 * 86400)
    browser.keep(browser.post(REFRESH))
    clock.shift(10 * 86400)
    # Thirty days in all, of which twenty are over.
    check_cookies(browser.post(REFRESH), 10 * 86400)


@pytest.mark.parametrize("body", [{}, {"cookie": False}])
def test_without_asking_there_is_no_cookie(app, client, body):
    answer = log_in(client, make_user(app, "doctor"), **body)
    assert cookies_of(answer) == {}
    assert answer.json["data"]["refresh_token"]
    assert "csrf_token" not in answer.json["data"]


def test_who_does_not_get_in_gets_no_cookie(app, client):
    user = make_user(app, "doctor")
    assert cookies_of(log_in(client, user, "a wrong password", cookie=True)) == {}
    gone = make_user(app, "doctor", status="deactivated")
    assert cookies_of(log_in(client, gone, cookie=True)) == {}


@pytest.mark.parametrize("value", ["maybe", 2, [], {}, None])
def test_the_wish_is_yes_or_no(app, client, value):
    assert log_in(client, make_user(app, "doctor"), cookie=value).status_code == 422


def test_the_wish_outlasts_the_question_for_the_second_factor(app, client, clock):
    doctor = signed_in(app, "doctor")
    phone, _ = enrol(doctor)
    clock.shift(60)
    waiting = log_in(client, doctor.user, cookie=True)
    assert (waiting.status_code, cookies_of(waiting)) == (401, {})
    answer = verify(client, waiting.json["mfa_token"], phone.code())
    assert answer.status_code == 200
    check_cookies(answer, 1800)
    clock.shift(60)
    answer = log_in(client, doctor.user, cookie=True, otp=phone.code())
    assert answer.status_code == 200
    check_cookies(answer, 1800)
    clock.shift(60)
    plain = verify(client, asked(client, doctor.user), phone.code())
    assert cookies_of(plain) == {}
    assert plain.json["data"]["refresh_token"]


def test_the_wish_outlasts_the_enrolment(app, make_app, clock):
    client = make_app(MFA_REQUIRED_ROLES="doctor").test_client(use_cookies=False)
    waiting = log_in(client, make_user(app, "doctor"), cookie=True)
    assert (waiting.status_code, waiting.json["code"], cookies_of(waiting)) == (401, "mfa_enrollment_required", {})
    answer, _ = enrol_by(client, waiting.json["mfa_token"])
    assert answer.status_code == 200
    check_cookies(answer, 1800)


# What must stand beside it


def test_a_refresh_by_cookie_rotates(app, client, clock):
    browser = browse(client, make_user(app, "doctor"))
    before = browser.token
    answer = browser.post(REFRESH)
    assert answer.status_code == 200
    check_cookies(answer, 1800)
    browser.keep(answer)
    assert browser.token != before
    assert is_alive(client, answer.json["data"]["access_token"])
    assert browser.post(REFRESH).status_code == 200


def test_the_second_path_of_refresh_takes_the_cookie_too(app, client):
    browser = browse(client, make_user(app, "doctor"))
    assert browser.post(f"{REFRESH}-token", without=["X-CSRF-Token"]).status_code == 403
    assert browser.post(f"{REFRESH}-token").status_code == 200


WRONG_CSRF = ["", "x", "x" * 5000, "é", "\u00ff" * 40, "null", "undefined", "0" * 64]


@pytest.mark.parametrize("path", [REFRESH, LOGOUT, LOGOUT_ALL])
@pytest.mark.parametrize("sent", [None, *WRONG_CSRF])
def test_without_the_right_csrf_token_it_is_403_and_nothing_happens(app, client, clock, path, sent):
    browser = browse(client, make_user(app, "doctor"))
    wrong = {"without": ["X-CSRF-Token"]} if sent is None else {"X-CSRF-Token": sent}
    answer = browser.post(path, **wrong)
    assert (answer.status_code, answer.json["code"]) == (403, "csrf_failed")
    assert TOKEN not in cookies_of(answer)
    assert browser.is_alive()
    # Had it rotated, this would be a reuse: the ten seconds are over.
    clock.shift(60)
    assert browser.post(REFRESH).status_code == 200


@pytest.mark.parametrize("path", [REFRESH, LOGOUT])
def test_the_csrf_token_of_another_session_is_403(app, client, path):
    user = make_user(app, "doctor")
    browser, same, other = browse(client, user), browse(client, user), browse(client, make_user(app, "doctor"))
    for stranger in (same, other):
        assert browser.post(path, **{"X-CSRF-Token": stranger.csrf}).status_code == 403
        # Both halves from a session that an attacker has, planted from a neighbouring host.
        planted = {"Cookie": f"{TOKEN}={browser.token}; {CSRF}={stranger.csrf_cookie}", "X-CSRF-Token": stranger.csrf}
        assert browser.post(path, **planted).status_code == 403
    assert browser.is_alive()


def test_both_halves_made_up_alike_are_403(app, client):
    browser = browse(client, make_user(app, "doctor"))
    for value in ("x", "a" * 64, browser.csrf[:-1], browser.csrf.swapcase() + "0"):
        made_up = {"Cookie": f"{TOKEN}={browser.token}; {CSRF}={value}", "X-CSRF-Token": value}
        assert browser.post(REFRESH, **made_up).status_code == 403
    assert browser.is_alive()


def test_the_header_alone_is_403(app, client):
    browser = browse(client, make_user(app, "doctor"))
    assert browser.post(REFRESH, Cookie=f"{TOKEN}={browser.token}").status_code == 403
    assert browser.post(REFRESH).status_code == 200


# One session, one kind


def test_a_session_of_cookies_refuses_its_token_in_the_body(app, client, clock):
    browser = browse(client, make_user(app, "doctor"))
    answer = client.post(REFRESH, json={"refresh_token": browser.token})
    assert (answer.status_code, answer.json["code"]) == (401, "invalid_token")
    assert client.post(REFRESH, headers=bearer(browser.token)).status_code in (401, 422)
    assert browser.is_alive()
    clock.shift(60)
    assert browser.post(REFRESH).status_code == 200


def test_a_session_of_bodies_refuses_its_token_as_a_cookie(app, client, clock):
    user = make_user(app, "doctor")
    tokens, browser = sign_in(client, user), browse(client, user)
    for path in (REFRESH, LOGOUT, LOGOUT_ALL):
        answer = browser.post(path, Cookie=f"{TOKEN}={tokens.refresh}; {CSRF}={browser.csrf_cookie}")
        assert answer.status_code in (401, 403)
        answer = client.post(path, headers={"Cookie": f"{TOKEN}={tokens.refresh}"})
        assert answer.status_code in (401, 403)
    assert is_alive(client, tokens.access)
    clock.shift(60)
    assert client.post(REFRESH, json={"refresh_token": tokens.refresh}).status_code == 200


def test_a_token_in_the_body_does_not_spare_the_cookie_its_csrf_token(app, client, clock):
    user = make_user(app, "doctor")
    browser, tokens = browse(client, user), sign_in(client, user)
    cookie = {"Cookie": browser.headers["Cookie"]}
    assert client.post(REFRESH, json={"refresh_token": browser.token}, headers=cookie).status_code in (401, 403, 422)
    client.post(REFRESH, json={"refresh_token": tokens.refresh}, headers=cookie)
    clock.shift(60)
    # Whatever became of the body's token, the cookie's has not been used.
    assert browser.post(REFRESH).status_code == 200


@pytest.mark.parametrize("value", ["", "x", "a.b.c", "%00", '"', "x" * 6000, "é"])
def test_a_cookie_that_is_no_token_is_no_error(client, value):
    for path in (REFRESH, LOGOUT):
        headers = {"Cookie": f"{TOKEN}={value}; {CSRF}={value}", "X-CSRF-Token": value}
        assert client.post(path, headers=headers).status_code in (401, 403, 422)


# Reuse


def test_two_tabs_stay_signed_in_for_ten_seconds(app, client, clock):
    browser = browse(client, make_user(app, "doctor"))
    first = browser.post(REFRESH)
    clock.shift(10)
    second = browser.post(REFRESH)
    assert (first.status_code, second.status_code) == (200, 200)
    check_cookies(second, 1800)
    assert [row["generation"] for row in query(app, "SELECT generation FROM sessions")] == [2]
    browser.keep(second)
    assert browser.post(REFRESH).status_code == 200


def test_an_old_cookie_ends_the_session(app, client, clock):
    browser = browse(client, make_user(app, "doctor"))
    renewed = Browser(client, browser.post(REFRESH))
    clock.shift(11)
    answer = browser.post(REFRESH)
    assert (answer.status_code, answer.json["code"]) == (401, "token_reused")
    assert not renewed.is_alive()
    assert renewed.post(REFRESH).status_code == 401


# The end


@pytest.mark.parametrize("path", [LOGOUT, LOGOUT_ALL])
def test_signing_out_takes_the_cookies_away(app, client, path):
    browser = browse(client, make_user(app, "doctor"))
    answer = browser.post(path)
    assert answer.status_code == 200
    cookies = cookies_of(answer)
    assert set(cookies) == {TOKEN, CSRF}
    for value, attributes in cookies.values():
        assert value in ("", '""')
        # A browser ignores what is called __Host- and is not secure, or not for the whole host.
        assert "secure" in attributes
        assert (attributes["path"], attributes["max-age"]) == ("/", "0")
        assert "domain" not in attributes
    assert not browser.is_alive()
    assert browser.post(REFRESH).status_code == 401


def test_signing_out_of_one_session_leaves_the_others(app, client):
    user = make_user(app, "doctor")
    browser, other = browse(client, user), browse(client, user)
    assert browser.post(LOGOUT).status_code == 200
    assert other.is_alive()
    assert other.post(REFRESH).status_code == 200


# Where tokens are not read


def test_nothing_is_read_from_the_query_string(app, client):
    user = make_user(app, "doctor")
    tokens, browser = sign_in(client, user), browse(client, user)
    for name in ("refresh_token", "token", "access_token", "jwt"):
        for value in (tokens.refresh, tokens.access):
            assert client.post(REFRESH, query_string={name: value}).status_code in (401, 422)
            assert client.post(LOGOUT, query_string={name: value}).status_code in (401, 422)
            assert client.get(f"{API}/auth/me", query_string={name: value}).status_code in (401, 422)
    for name in ("csrf_token", "X-CSRF-Token"):
        answer = client.post(REFRESH, query_string={name: browser.csrf}, headers={"Cookie": browser.headers["Cookie"]})
        assert answer.status_code in (403, 422)
    assert is_alive(client, tokens.access)
    assert browser.is_alive()


@pytest.mark.parametrize("name", ["access_token_cookie", "__Host-access", TOKEN, "Authorization", "access_token"])
def test_no_cookie_is_an_access_token(app, client, name):
    browser = browse(client, make_user(app, "doctor"))
    for token in (browser.access, browser.token):
        headers = {"Cookie": f"{name}={token}", "X-CSRF-Token": browser.csrf}
        assert client.get(f"{API}/auth/me", headers=headers).status_code == 401


# Other origins


@pytest.mark.parametrize("path", [REFRESH, LOGOUT])
def test_a_named_origin_may_send_cookies_and_the_csrf_token(make_app, path):
    client = make_app(ALLOWED_ORIGINS=ORIGIN).test_client()
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type, x-csrf-token"}
    answer = client.options(path, headers={"Origin": ORIGIN, **asks})
    assert answer.status_code in (200, 204)
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert "x-csrf-token" in answer.headers["Access-Control-Allow-Headers"].lower()
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", f"{ORIGIN}.evil.example", "https://CLINIC.example:444"]
)
def test_another_origin_gets_nothing(app, make_app, origin):
    client = make_app(ALLOWED_ORIGINS=ORIGIN).test_client(use_cookies=False)
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-csrf-token"}
    body = {"identifier": make_user(app, "doctor").email, "password": "quiet river stone 42", "cookie": True}
    for answer in (
        client.options(REFRESH, headers={"Origin": origin, **asks}),
        client.post(f"{API}/auth/login", json=body, headers={"Origin": origin}),
    ):
        assert not [name for name, _ in answer.headers if name.lower().startswith("access-control-")]


def test_the_answer_itself_may_be_read_by_the_named_origin(app, make_app):
    client = make_app(ALLOWED_ORIGINS=ORIGIN).test_client(use_cookies=False)
    browser = browse(client, make_user(app, "doctor"))
    answer = browser.post(REFRESH, Origin=ORIGIN)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
