"""What waits outside requests is done: when rung, in time, by one of several, and while Redis is away."""

import email
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest

from server.core import jobs, queue
from server.core.jobs import HOURLY, add_job
from server.core.uow import command
from server.modules.notifications.service import enqueue_mail
from tests.factories.database import deliver, mails, query
from tests.factories.people import API, make_user, signed_in
from tests.factories.post import Post
from tests.factories.relay import Relay
from tests.legs import ROOT
from tests.live import LiveServer
from tests.servers import die_with_parent

NEW = {"first_name": "Zoë", "last_name": "Łuk", "roles": ["nurse"]}
PATIENCE = 60.0
_INVITED = "SELECT email FROM users WHERE status = 'invited'"


def until(condition, patience=PATIENCE):
    """Return what `condition` says as soon as it says something."""
    end = time.monotonic() + patience
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
    return found


def invite(app, count):
    """Put so many invitations into the outbox, as many commits."""
    with app.app_context():
        for _ in range(count):
            user = make_user(app, "nurse", status="invited")
            with command("tests.invite", "user"):
                enqueue_mail(kind="invitation", subject_id=user.id, dedupe_key=f"test:{user.id}")


def sent(app):
    return query(app, "SELECT count(*) AS n FROM outbox WHERE status = 'sent'")[0]["n"]


@pytest.fixture
def worker(leg):
    """Give processes of `flask jobs run`; they are killed in the end."""
    started = []

    def start(*arguments, **changes):
        log = (leg.folder / f"jobs-{len(started)}.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "wsgi", "jobs", "run", *arguments],
            cwd=ROOT,
            env=leg.environ(**changes) | {"PATH": os.environ.get("PATH", os.defpath)},
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=die_with_parent(signal.SIGKILL),  # noqa: PLW1509 -- one prctl call
        )
        log.close()
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def post():
    """Give an SMTP server that takes six mails and holds whoever brings the next."""
    server = Post(room=6)
    server.open()
    yield server
    server.close()


def test_once_does_everything_and_says_what(app):
    invite(app, 2)
    answer = app.test_cli_runner().invoke(args=["jobs", "run", "--once"])
    assert answer.exit_code == 0, answer.output
    assert "2 mails sent" in answer.output
    assert "0 old idempotency keys forgotten" in answer.output
    assert "0 mails sent" in app.test_cli_runner().invoke(args=["jobs", "run", "--once"]).output


def test_a_job_that_fails_stops_no_other_and_is_due_again_soon(make_app, clock):
    app = make_app()
    done = []

    def fail():
        done.append("failed")
        raise TypeError

    add_job(app, "things broken", fail, every=HOURLY)
    add_job(app, "things done after it", lambda: len(done), every=HOURLY)
    answer = app.test_cli_runner().invoke(args=["jobs", "run", "--once"])
    assert answer.exit_code == 1
    assert "1 things done after it" in answer.output
    assert "things broken" in answer.output
    with app.app_context():
        jobs.run_due()
        assert len(done) == 1
        clock.shift(61)
        jobs.run_due()
        assert len(done) == 2


def test_one_of_several_does_a_job_in_each_period(make_app, clock):
    apps = [make_app() for _ in range(4)]
    done = []
    for app in apps:
        add_job(app, "things counted", lambda: done.append(1) or 1, every=HOURLY)

    def all_at_once():
        together = threading.Barrier(4)

        def one(app):
            together.wait()
            with app.app_context():
                jobs.run_due()

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(one, apps))

    all_at_once()
    assert len(done) == 1
    clock.shift(3599)
    all_at_once()
    assert len(done) == 1
    clock.shift(1)
    all_at_once()
    assert len(done) == 2


@pytest.fixture
def silent(monkeypatch):
    """Give a way to wait until nobody rings any more, neither for this test nor for one before it."""
    monkeypatch.setattr(queue, "_PATIENCE", 0.1)
    return lambda: until(lambda: not any(thread.name == "ring" for thread in threading.enumerate()))


def test_who_rings_often_does_so_by_one_connection_and_after_a_rest_by_another(app, monkeypatch, silent):
    silent()
    opened, open_queue, all_have_rung = [], queue.open_queue, threading.Event()

    def noted(of):
        assert all_have_rung.wait(PATIENCE)
        opened.append(open_queue(of))
        return opened[-1]

    looking = open_queue(app)
    looking.storage.flush_queue()
    monkeypatch.setattr(queue, "open_queue", noted)
    bell = queue.Bell(app)
    for turn in (1, 2):
        all_have_rung.clear()
        for _ in range(20):
            bell.ring()
        all_have_rung.set()
        silent()
        assert len(opened) == turn
        assert looking.storage.queue_size() == 1
        looking.storage.flush_queue()
    queue.close_queue(looking)


def test_a_word_that_waits_is_not_said_again_and_one_that_was_taken_is(app, silent):
    silent()
    opened = queue.open_queue(app)
    opened.storage.flush_queue()
    ring = queue.when_rung(opened, lambda: None)
    opened.storage.enqueue(b"what nobody can read")
    for _ in range(3):
        ring()
    assert opened.storage.queue_size() == 2
    opened.storage.dequeue()
    assert opened.dequeue() is not None
    ring()
    assert opened.storage.queue_size() == 1
    opened.storage.flush_queue()
    queue.close_queue(opened)


def test_a_ring_is_heard_behind_the_words_of_each_minute(app, silent):
    silent()
    listening = jobs._consumer(app, queue.EmbeddedConsumer, workers=1)
    (worker, _) = listening.worker_threads[0]
    listening.huey.storage.flush_queue()
    with app.app_context():
        jobs.run_due()  # so that the minute's own look finds no mail due
    for _ in range(2):  # the schedulers of two processes
        for tick in listening.huey.read_periodic(None):
            listening.huey.enqueue(tick)
    invite(app, 1)
    silent()
    while listening.huey.storage.queue_size():
        worker.loop()
    assert sent(app) == 1
    queue.close_queue(listening.huey)


@pytest.mark.slow
def test_two_workers_at_once_deliver_each_of_many_mails_once(app, worker):
    invite(app, 200)
    worker()
    worker()
    until(lambda: sent(app) == 200, patience=120)
    assert len(mails(app)) == 200
    assert len({mail["To"] for mail in mails(app)}) == 200
    assert len({mail["Message-ID"] for mail in mails(app)}) == 200
    assert query(app, "SELECT DISTINCT attempts FROM outbox") == [{"attempts": 1}]


@pytest.mark.slow
def test_mail_leaves_soon_after_its_commit_and_the_worker_ends_when_told(app, worker):
    process = worker()
    until(lambda: query(app, "SELECT 1 FROM job_runs WHERE name = 'mails sent'"))
    begun = time.monotonic()
    invite(app, 1)
    until(lambda: sent(app) == 1, patience=25)
    assert time.monotonic() - begun < 25, "it waited for the next minute"
    process.terminate()
    assert process.wait(15) == 0


@pytest.mark.slow
def test_the_embedded_server_delivers_by_itself(leg, app):
    server = LiveServer(leg, EMBEDDED_JOBS="true")
    server.start()
    try:
        admin = signed_in(app, "admin")
        body = orjson.dumps({**NEW, "email": "zoe@example.com"})
        request = urllib.request.Request(  # noqa: S310 -- http
            f"{server.base_url}{API}/users",
            data=body,
            headers={**admin.tokens.headers, "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 -- http
            assert answer.status == 201
        until(lambda: sent(app) == 1, patience=30)
    finally:
        server.stop()
    (mail,) = mails(app)
    assert mail["To"] == "zoe@example.com"


@pytest.mark.slow
def test_what_a_killed_worker_held_is_delivered_after_the_lease(leg, app, worker, post):
    invite(app, 60)
    process = worker(SMTP_URL=post.url)
    assert post.inbox.is_holding.wait(PATIENCE)
    process.kill()
    process.wait()
    leg.settle()
    assert 5 <= sent(app) <= 6, "what was taken is ticked off, but for what the other thread was about to"
    query(app, "UPDATE outbox SET next_attempt_at = created_at WHERE status = 'pending'")  # the lease is over
    deliver(app)
    assert sent(app) == 60
    # At least once: only what was on its way when the worker died may have left twice, under one Message-ID.
    taken = [email.message_from_bytes(envelope.content) for envelope in post.inbox.received] + mails(app)
    assert {mail["To"] for mail in taken} == {row["email"] for row in query(app, _INVITED)}
    assert len(taken) <= 60 + 2
    assert len({mail["Message-ID"] for mail in taken}) == 60


@pytest.mark.slow
@pytest.mark.only("postgres")
def test_mail_leaves_while_redis_is_away(leg, make_app, worker, monkeypatch):
    relay = Relay(leg.redis_url)
    app = make_app(REDIS_URL=relay.url)
    worker(REDIS_URL=relay.url)
    until(lambda: query(app, "SELECT 1 FROM job_runs WHERE name = 'mails sent'"))
    relay.cut()
    is_back, waited, open_queue = threading.Event(), [], queue.open_queue

    def late(of):
        waited.append(is_back.wait(PATIENCE))
        return open_queue(of)

    monkeypatch.setattr(queue, "open_queue", late)
    invite(app, 1)
    is_back.set()
    until(lambda: waited)
    assert waited == [True], "the caller waited for Redis"
    until(lambda: sent(app) == 1, patience=60)
    relay.mend()
    invite(app, 1)
    until(lambda: sent(app) == 2, patience=60)
