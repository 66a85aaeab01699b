"""What strangers ask is answered alike, whoever exists: status, headers, body, and as many hashes.

How long it takes is measured by `python -m benchmarks.alike`.
"""

from datetime import UTC, datetime

import pytest
from sqlalchemy import event

from server.core.db import db
from server.core.uow import command
from server.modules.auth import passwords
from server.modules.users.models import User
from tests.factories.people import API, PASSWORD, make_user

KINDS = ("unknown", "known", "locked", "unverified", "deactivated", "invited")
NO_SUCH = "nobody.at.all@example.com"


def made(app, kind):
    """Return the address of an account of a kind, or one that nobody has."""
    if kind == "unknown":
        return NO_SUCH
    status = {"known": "active", "unverified": "active"}.get(kind, kind)
    user = make_user(app, "patient", status=status, email=f"{kind}.account@example.com")
    with app.app_context(), command("tests.alike", "user"):
        row = db.session.get(User, user.id)
        row.email_verified_at = None if kind in ("unverified", "invited") else datetime(2026, 1, 1, tzinfo=UTC)
    return user.email


def login(email):
    return "/auth/login", {"identifier": email, "password": "not the password 1"}


def token(email):
    return "/auth/token", {"username": email, "password": "not the password 1"}


def forgot(email):
    return "/auth/forgot-password", {"email": email}


def resend(email):
    return "/auth/resend-verification", {"email": email}


def register(email):
    names = {"first_name": "Una", "last_name": "Alike", "date_of_birth": "1990-05-05"}
    return "/auth/register", {"email": email, "password": "seven green kettles", **names}


ASKS = (login, token, forgot, resend, register)


class Counting:
    """Count the statements and the hashes of one application."""

    def __init__(self, app, monkeypatch):
        self.statements = self.hashes = 0
        with app.app_context():
            self.engine = db.engine
        event.listen(self.engine, "before_cursor_execute", self._statement)
        for name in ("_verify", "_hash"):
            monkeypatch.setattr(passwords, name, self._counted(getattr(passwords, name)))

    def _statement(self, *_args):
        self.statements += 1

    def _counted(self, function):
        def count(*args):
            self.hashes += 1
            return function(*args)

        return count

    def stop(self):
        event.remove(self.engine, "before_cursor_execute", self._statement)

    def take(self):
        counted = (self.statements, self.hashes)
        self.statements = self.hashes = 0
        return counted


@pytest.fixture
def counting(app, monkeypatch):
    counting = Counting(app, monkeypatch)
    yield counting
    counting.stop()


def asked(client, ask, email):
    path, said = ask(email)
    return client.post(API + path, **({"data": said} if ask is token else {"json": said}))


def said(answer):
    """Return all that an answer says, the id of its request aside."""
    headers = {name: value for name, value in answer.headers if name != "X-Request-ID"}
    body = {name: value for name, value in answer.json.items() if name != "request_id"}
    return answer.status_code, headers, body


@pytest.mark.parametrize("ask", ASKS)
def test_whoever_exists_the_answer_is_the_same(app, client, counting, ask):
    emails = {kind: made(app, kind) for kind in KINDS}
    asked(client, ask, "first.request@example.com")  # what is made once per process is made now
    counting.take()
    answers, counted = {}, {}
    for kind, email in emails.items():
        answers[kind] = said(asked(client, ask, email))
        counted[kind] = counting.take()
    assert {kind: answer for kind, answer in answers.items() if answer != answers["unknown"]} == {}
    status = {"login": 401, "token": 401, "register": 202}.get(ask.__name__, 200)
    assert answers["unknown"][0] == status
    assert "Location" not in answers["unknown"][1]
    hashes = {hashed for _statements, hashed in counted.values()}
    assert hashes == ({1} if ask in (login, token, register) else {0})
    if ask is not register:  # which makes an account, or does not
        assert len({statements for statements, _hashed in counted.values()}) == 1, counted


@pytest.mark.parametrize("kind", ["locked", "invited"])
def test_a_right_password_that_opens_nothing_is_answered_as_a_wrong_one(app, client, kind):
    email = made(app, kind)
    wrong, right = (
        client.post(f"{API}/auth/login", json={"identifier": email, "password": password})
        for password in ("not the password 1", PASSWORD)
    )
    assert said(right) == said(wrong)
    assert right.status_code == 401


@pytest.mark.parametrize(
    ("kind", "code"), [("unverified", "email_not_verified"), ("deactivated", "account_deactivated")]
)
def test_a_right_password_is_told_the_truth(app, client, kind, code):
    email = made(app, kind)
    answer = client.post(f"{API}/auth/login", json={"identifier": email, "password": PASSWORD})
    assert (answer.status_code, answer.json["code"]) == (403, code)


def test_who_has_tried_too_often_is_told_so_alike(app, make_app, clock):
    strict = make_app(SIGN_IN_TRIES_PER_ACCOUNT="2", SIGN_IN_TRIES_PER_ADDRESS="1000").test_client()
    for kind in KINDS:
        email = made(app, kind)
        answers = [said(asked(strict, login, email)) for _ in range(3)]
        assert [answer[0] for answer in answers] == [401, 401, 429]
        if kind == "unknown":
            expected = answers
        assert answers == expected
