"""Sign in in every way there is, and hold an authenticator app: what the tests of the front door begin with."""

import contextlib
import time

import pyotp

from tests.factories.people import API, PASSWORD, SignedIn, bearer, tokens_of
from tests.live import LiveServer

LOGIN = f"{API}/auth/login"
VERIFY = f"{API}/auth/mfa/verify"
WRONG = "a wrong password"


def log_in(client, who, password=PASSWORD, *, address=None, **more):
    """Try to sign a user, or an identifier, in; `address` needs an application behind one proxy."""
    headers = {"X-Forwarded-For": address} if address else {}
    body = {"identifier": getattr(who, "email", who), "password": password, **more}
    return client.post(LOGIN, json=body, headers=headers)


def fail(client, who, times, **more):
    """Sign in with a wrong password so many times; return the statuses."""
    return [log_in(client, who, WRONG, **more).status_code for _ in range(times)]


def comparable(answer):
    """Return all of an answer that must not differ between accounts."""
    body = {name: value for name, value in answer.json.items() if name != "request_id"}
    headers = {name: value for name, value in answer.headers.items() if name not in ("X-Request-ID", "Date")}
    return answer.status_code, headers, body


def verify(client, mfa_token, code):
    """Answer the question for the second factor."""
    return client.post(VERIFY, json={"mfa_token": mfa_token, "code": code})


def signed_in_by(client, user, answer):
    """Return a client that goes on with what this answer gave."""
    assert answer.status_code == 200, answer.text
    return SignedIn(client, user, tokens_of(answer))


class Phone:
    """An authenticator app with one secret in it."""

    def __init__(self, secret):
        self.totp = pyotp.TOTP(secret)

    def code(self, steps=0):
        """Return the code of now, or of so many half minutes later."""
        return self.totp.at(int(time.time()) + 30 * steps)

    def wrong_code(self):
        """Return a code that is wrong for the next minutes too."""
        near = {self.code(steps) for steps in range(-6, 7)}
        return next(code for code in map("{:06}".format, range(20)) if code not in near)


def enrol(who):
    """Turn a signed-in user's second factor on with the code of now; return the phone and the recovery codes."""
    answer = who.post("/auth/mfa/enroll", json={})
    assert answer.status_code == 200, answer.text
    phone = Phone(answer.json["data"]["secret"])
    answer = who.post("/auth/mfa/confirm", json={"code": phone.code()})
    assert answer.status_code == 200, answer.text
    return phone, answer.json["data"]["recovery_codes"]


def enrol_by(client, mfa_token):
    """Turn the second factor on by the token that sign-in gave; return the answer and the phone."""
    answer = client.post(f"{API}/auth/mfa/enroll", json={"mfa_token": mfa_token})
    assert answer.status_code == 200, answer.text
    phone = Phone(answer.json["data"]["secret"])
    body = {"mfa_token": mfa_token, "code": phone.code()}
    return client.post(f"{API}/auth/mfa/confirm", json=body), phone


def asked(client, user, **more):
    """Sign in by password alone and return the token of the question for the second factor."""
    answer = log_in(client, user, **more)
    assert (answer.status_code, answer.json["code"]) == (401, "mfa_required"), answer.text
    return answer.json["mfa_token"]


def is_alive(client, access):
    """Tell whether an access token opens anything."""
    return client.get(f"{API}/auth/me", headers=bearer(access)).status_code == 200


@contextlib.contextmanager
def serving(leg, **changes):
    """Run gunicorn with other settings for a while; give its address with the API's prefix."""
    server = LiveServer(leg, **changes)
    server.start()
    try:
        yield server.base_url + API
    finally:
        server.stop()
