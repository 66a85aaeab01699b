"""Mail waits in the outbox until it has left: tried again with pauses, given up at the tenth, sent once."""

import smtplib
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from aiosmtpd.controller import Controller

from server.core.mail import FileMailer
from tests.factories.database import body_of, deliver, everything, mails, query, token_in
from tests.factories.people import API

NEW = {"email": "new@example.com", "first_name": "Zoë", "last_name": "Łuk", "roles": ["nurse"]}


def invite(as_role, **changes):
    answer = as_role("admin").post("/users", json={**NEW, **changes})
    assert answer.status_code == 201


def box(app):
    return query(app, "SELECT status, attempts, next_attempt_at, last_error FROM outbox ORDER BY id")


@pytest.fixture
def post_is_down(monkeypatch):
    """Give a switch that makes every delivery fail."""
    original = FileMailer.send

    def switch(error=None):
        def fail(self, message):
            raise error

        monkeypatch.setattr(FileMailer, "send", fail if error else original)

    return switch


def test_a_mail_waits_until_it_is_delivered(app, as_role):
    invite(as_role)
    assert [(row["status"], row["attempts"]) for row in box(app)] == [("pending", 0)]
    assert mails(app) == []
    assert deliver(app) == 1
    assert [(row["status"], row["attempts"]) for row in box(app)] == [("sent", 1)]
    assert deliver(app) == 0
    (mail,) = mails(app)
    assert mail["To"] == NEW["email"]
    assert "Zoë Łuk" in body_of(mail)


def test_a_failure_is_tried_again_with_growing_pauses_and_given_up_at_the_tenth(app, clock, as_role, post_is_down):
    invite(as_role)
    post_is_down(smtplib.SMTPServerDisconnected("try later"))
    for attempt, pause in enumerate([30, 60, 120, 240, 480, 960, 1920, 3600, 3600], 1):
        deliver(app)
        assert [(row["status"], row["attempts"]) for row in box(app)] == [("pending", attempt)]
        clock.shift(pause - 1)
        deliver(app)
        assert box(app)[0]["attempts"] == attempt, "tried too early"
        clock.shift(1)
    deliver(app)
    assert [(row["status"], row["attempts"]) for row in box(app)] == [("dead", 10)]
    post_is_down(None)
    clock.shift(86400)
    assert deliver(app) == 0
    assert mails(app) == []


def test_a_mail_that_failed_leaves_once_the_post_is_back(app, clock, client, as_role, post_is_down):
    invite(as_role)
    post_is_down(OSError("no route to host"))
    assert deliver(app) == 0
    assert box(app)[0]["last_error"]
    post_is_down(None)
    assert deliver(app) == 0
    clock.shift(31)
    assert deliver(app) == 1
    answer = client.post(
        f"{API}/auth/accept-invitation", json={"token": token_in(mails(app)[0]), "password": "seven green bottles"}
    )
    assert answer.status_code == 200


def test_one_bad_mail_does_not_hold_up_the_others(app, as_role, monkeypatch):
    original = FileMailer.send

    def picky(self, message):
        if "bad" in message["To"]:
            raise smtplib.SMTPRecipientsRefused({})
        original(self, message)

    monkeypatch.setattr(FileMailer, "send", picky)
    for name in ("bad", "good", "better"):
        invite(as_role, email=f"{name}@example.com")
    assert deliver(app) == 2
    assert {mail["To"] for mail in mails(app)} == {"good@example.com", "better@example.com"}


def test_what_died_with_its_worker_is_taken_up_after_the_lease(app, clock, as_role, monkeypatch):
    invite(as_role)

    class Killed(BaseException):
        pass

    def die(self, message):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(FileMailer, "send", die)
        with pytest.raises(Killed):
            deliver(app)
    assert deliver(app) == 0
    clock.shift(5 * 60 + 1)
    assert deliver(app) == 1
    assert len(mails(app)) == 1


def test_two_who_deliver_at_once_send_each_mail_once(app, as_role):
    for number in range(12):
        invite(as_role, email=f"person-{number}@example.net")
    together = threading.Barrier(4)

    def one(_number):
        together.wait()
        return deliver(app)

    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(one, range(4)))
    assert sum(sent) == 12
    assert sorted(mail["To"] for mail in mails(app)) == sorted(f"person-{n}@example.net" for n in range(12))


def test_the_outbox_holds_no_text_and_no_secret(app, as_role):
    invite(as_role)
    deliver(app)
    token = token_in(mails(app)[0])
    assert token not in everything(app)
    assert "choose a password" not in repr(query(app, "SELECT * FROM outbox")).lower()


class Inbox:
    """Keep what an SMTP server is given."""

    def __init__(self):
        self.received = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 -- aiosmtpd's own name
        self.received.append(envelope)
        return "250 OK"


@pytest.fixture
def smtp():
    """Give SMTP servers on one free port, one after the other."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    running = []

    def start():
        running.append(Controller(Inbox(), hostname="127.0.0.1", port=port))
        running[-1].start()
        return running[-1]

    start.url = f"smtp://127.0.0.1:{port}"
    yield start
    for controller in running:
        controller.stop(no_assert=True)


def test_mail_goes_by_smtp(app, make_app, as_role, smtp):
    inbox = smtp()
    invite(as_role)
    assert deliver(make_app(SMTP_URL=smtp.url)) == 1
    (envelope,) = inbox.handler.received
    assert envelope.rcpt_tos == [NEW["email"]]
    assert envelope.mail_from == "no-reply@polyclinic.example"
    assert "Zoë Łuk" in envelope.content.decode()
    assert b"accept-invitation?token=" in envelope.content
    assert mails(app) == []


def test_an_smtp_server_that_is_away_loses_nothing(make_app, clock, as_role, smtp):
    invite(as_role)
    posting = make_app(SMTP_URL=smtp.url)
    assert deliver(posting) == 0
    assert box(posting)[0]["status"] == "pending"
    inbox = smtp()
    clock.shift(31)
    assert deliver(posting) == 1
    assert len(inbox.handler.received) == 1
