"""Mail waits in the outbox until it has left: tried again with pauses, given up at the tenth, sent once."""

import smtplib
import socket
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest

from server.core.ids import new_id
from server.core.mail import FileMailer
from server.core.uow import command
from server.modules.notifications.service import enqueue_mail, forget_asked_for, forget_details, outbox
from tests.factories.database import body_of, deliver, everything, mails, query, token_in
from tests.factories.people import API, signed_in
from tests.factories.post import Post
from tests.live import LiveServer

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
    for attempt, pause in enumerate([30, 90, 270, 810, 2430, 7290, 21600, 21600, 21600], 1):
        deliver(app)
        assert [(row["status"], row["attempts"]) for row in box(app)] == [("pending", attempt)]
        clock.shift(pause * 0.8 - 1)
        deliver(app)
        assert box(app)[0]["attempts"] == attempt, "tried too early"
        clock.shift(pause * 0.2 + 1)
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


@pytest.fixture
def post():
    """Give an SMTP server that is away until it opens."""
    server = Post()
    yield server
    server.close()


def test_mail_goes_by_smtp(app, make_app, as_role, post):
    post.open()
    invite(as_role)
    assert deliver(make_app(SMTP_URL=post.url)) == 1
    (envelope,) = post.inbox.received
    assert envelope.rcpt_tos == [NEW["email"]]
    assert envelope.mail_from == "no-reply@polyclinic.example"
    assert "Zoë Łuk" in envelope.content.decode()
    assert b"accept-invitation?token=" in envelope.content
    assert mails(app) == []


def test_an_smtp_server_that_is_away_loses_nothing(make_app, clock, as_role, post):
    invite(as_role)
    posting = make_app(SMTP_URL=post.url)
    assert deliver(posting) == 0
    assert box(posting)[0]["status"] == "pending"
    post.open()
    clock.shift(31)
    assert deliver(posting) == 1
    assert len(post.inbox.received) == 1


def test_a_poisoned_mail_ends_as_a_dead_letter_and_holds_up_nobody(app, clock, as_role, monkeypatch):
    def poison(subject_id, details):
        raise AttributeError(details)

    monkeypatch.setitem(outbox._composers, "poison", poison)
    with app.app_context(), command("tests.poison", "outbox_message"):
        for kind in ("poison", "never_registered"):
            enqueue_mail(kind=kind, subject_id=new_id(), dedupe_key=kind)
    invite(as_role)
    assert deliver(app) == 1
    for _ in range(12):
        clock.shift(21600)
        deliver(app)
    dead = query(app, "SELECT kind, status, attempts, last_error FROM outbox WHERE status <> 'sent' ORDER BY kind DESC")
    assert [tuple(row.values()) for row in dead] == [
        ("poison", "dead", 10, "AttributeError"),
        ("never_registered", "dead", 10, "KeyError"),
    ]
    assert len(mails(app)) == 1


def test_a_dead_letter_is_listed_counted_and_tried_again_when_told(app, client, clock, as_role, post_is_down):
    invite(as_role)
    post_is_down(smtplib.SMTPServerDisconnected("try later"))
    for _ in range(10):
        deliver(app)
        clock.shift(21600)
    run = app.test_cli_runner().invoke
    line = run(args=["jobs", "dead"]).output
    assert "invitation" in line
    seen = client.get("/metrics", headers={"Authorization": "Bearer test-metrics-token"}).text
    assert 'polyclinic_outbox_messages{status="dead"} 1.0' in seen
    assert 'polyclinic_outbox_messages{status="pending"} 0.0' in seen
    post_is_down(None)
    assert deliver(app) == 0
    assert run(args=["jobs", "retry", line.split()[0]]).exit_code == 0
    assert deliver(app) == 1
    assert run(args=["jobs", "dead"]).output == ""
    assert run(args=["jobs", "retry", line.split()[0]]).exit_code == 1, "it is not dead any more"


def test_a_known_key_is_no_error_and_mails_nothing_again(app, clock, as_role):
    invite(as_role)
    (row,) = query(app, "SELECT subject_id, dedupe_key FROM outbox")
    deliver(app)
    clock.shift(31 * 86400)
    with app.app_context():
        assert forget_details() == 0, "an invitation has no details"
        with command("tests.again", "outbox_message"):
            enqueue_mail(kind="invitation", subject_id=new_id(), dedupe_key=row["dedupe_key"])
            enqueue_mail(kind="invitation", subject_id=new_id(), dedupe_key="another")
    assert len(box(app)) == 2
    deliver(app)
    assert len(mails(app)) == 1


def test_what_an_old_mail_was_made_of_is_forgotten_and_its_key_kept(app, clock, monkeypatch):
    monkeypatch.setitem(outbox._composers, "unwanted", lambda *_args: None)
    with app.app_context():
        with command("tests.details", "outbox_message"):
            enqueue_mail(kind="unwanted", subject_id=new_id(), dedupe_key="one", details={"when": "at nine"})
        deliver(app)
        clock.shift(29 * 86400)
        assert forget_details() == 0
        clock.shift(2 * 86400)
        assert forget_details() == 1
        assert forget_details() == 0
    assert "at nine" not in everything(app)
    assert query(app, "SELECT dedupe_key, status FROM outbox") == [{"dedupe_key": "one", "status": "sent"}]


def test_what_a_mail_that_was_given_up_was_made_of_is_forgotten_too(app, clock, as_role, post_is_down):
    nurse = as_role("nurse")
    body = {"new_email": "kept.nowhere@example.com", "password": nurse.user.password}
    assert nurse.post("/auth/change-email", json=body).status_code == 200
    post_is_down(smtplib.SMTPRecipientsRefused({}))
    for _ in range(10):
        deliver(app)
        clock.shift(6 * 3600)
    assert [row["status"] for row in box(app)] == ["dead"]
    with app.app_context():
        clock.shift(28 * 86400)
        assert forget_details() == 0
        clock.shift(3 * 86400)
        assert forget_details() == 1
    assert query(app, "SELECT kind FROM outbox WHERE CAST(details AS TEXT) <> '{}'") == []
    assert [row["status"] for row in box(app)] == ["dead"]


def test_an_old_mail_that_somebody_asked_for_is_removed(app, clock, as_role):
    invite(as_role)
    deliver(app)
    with app.app_context():
        clock.shift(29 * 86400)
        assert forget_asked_for() == 0
        clock.shift(2 * 86400)
        assert forget_asked_for() == 1
    assert box(app) == []


def test_every_try_carries_one_message_id(app, clock, as_role, monkeypatch):
    seen = []

    def fail(self, message):
        seen.append(message["Message-ID"])
        raise smtplib.SMTPServerDisconnected("after the message was taken")

    invite(as_role)
    with monkeypatch.context() as patch:
        patch.setattr(FileMailer, "send", fail)
        deliver(app)
        clock.shift(31)
        deliver(app)
    clock.shift(91)
    deliver(app)
    assert len({*seen, mails(app)[0]["Message-ID"]}) == 1
    assert len(seen) == 2


def test_while_the_server_is_away_one_try_is_spent_and_not_one_of_each(make_app, clock, as_role, post):
    for number in range(5):
        invite(as_role, email=f"person-{number}@example.net")
    posting = make_app(SMTP_URL=post.url)
    for _ in range(3):
        assert deliver(posting) == 0
    assert sum(row["attempts"] for row in box(posting)) == 3
    post.open()
    clock.shift(31)
    assert deliver(posting) == 5
    assert len({str(envelope.rcpt_tos) for envelope in post.inbox.received}) == 5


def test_the_caller_does_not_wait_for_a_server_that_hangs(leg):
    with socket.create_server(("127.0.0.1", 0)) as hanging:  # takes the call and never speaks
        server = LiveServer(leg, EMBEDDED_JOBS="true", SMTP_URL=f"smtp://127.0.0.1:{hanging.getsockname()[1]}")
        server.start()
        try:
            admin = signed_in(leg.app, "admin")
            headers = {**admin.tokens.headers, "Content-Type": "application/json"}
            slowest = 0.0
            for number in range(5):
                body = orjson.dumps({**NEW, "email": f"person-{number}@example.net"})
                request = urllib.request.Request(f"{server.base_url}{API}/users", data=body, headers=headers)  # noqa: S310 -- http
                begun = time.monotonic()
                with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 -- http
                    assert answer.status == 201
                slowest = max(slowest, time.monotonic() - begun)
            assert slowest < 5, "the server's time-out is 10 s"
        finally:
            server.kill()
    assert {row["status"] for row in box(leg.app)} == {"pending"}
