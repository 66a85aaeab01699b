"""Do the work that waits outside requests: each module names its jobs, each safe to run twice and in two places.

In the embedded mode a thread of the server does them; with `EMBEDDED_JOBS=false` a separate `flask jobs run`. When a
job is due stands in the database, where one conditional UPDATE decides who does it; huey passes the word.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import cast

import click
import structlog
from flask import Flask
from flask.cli import AppGroup
from huey.consumer import Consumer
from sqlalchemy import String, update
from sqlalchemy.orm import Mapped, mapped_column

from server.core import clock, idempotency, queue, state
from server.core.attempts import attempt
from server.core.columns import UTCDateTime
from server.core.db import Base, close_reading, reading
from server.core.uow import command
from server.core.upserts import insert_first

log = structlog.get_logger(__name__)

SOON, HOURLY = 30.0, 3600.0  # seconds between two runs of a job

jobs = AppGroup("jobs", help="Do what is due outside requests.")

_RETRY = timedelta(minutes=1)
_WORKERS = 2

_lock = threading.Lock()


class JobRun(Base):
    """When a job is due next, whichever process does it."""

    __tablename__ = "job_runs"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)


@dataclass
class Job:
    """A piece of work that returns how many times it did what `did` says, which is also its name."""

    did: str
    work: Callable[[], int]
    every: float


def init_jobs(app: Flask) -> None:
    """Add the command, and the job that core itself has."""
    app.cli.add_command(jobs)
    add_job(app, "old idempotency keys forgotten", forget_old_keys, every=HOURLY)


def add_job(app: Flask, did: str, work: Callable[[], int], *, every: float) -> None:
    """Have `work` done every so many seconds."""
    cast("list[Job]", app.extensions.setdefault("jobs", [])).append(Job(did, work, every))


def forget_old_keys() -> int:
    """Delete the idempotency keys that are past their day; return how many."""
    with command("jobs.forget_keys", "idempotency_key") as unit:
        return idempotency.forget_old(unit.connection)


def jobs_of(app: Flask) -> list[Job]:
    """Return the jobs of all modules."""
    return cast("list[Job]", app.extensions["jobs"])


def run_all() -> dict[str, int | None]:
    """Run every job now and return what each did; None for one that failed."""
    done = {}
    for job in jobs_of(state.application()):
        _claim(job, is_asked=True)
        done[job.did] = _run(job)
    return done


def run_due() -> None:
    """Run each job whose time has come, unless another process does."""
    for job in jobs_of(state.application()):
        _run_if_due(job)


def _run_if_due(job: Job) -> None:
    is_ours, _error = attempt(lambda: _claim(job))
    if is_ours:
        _run(job)


def _claim(job: Job, *, is_asked: bool = False) -> bool:
    """Take the present period of a job, and tell whether nobody else has; a job that was asked for is always due."""
    now = clock.now()
    runs, next_at = JobRun.__table__, now + timedelta(seconds=job.every)
    is_due = () if is_asked else (runs.c.due_at <= now,)
    taken = reading().execute(update(runs).where(runs.c.name == job.did, *is_due).values(due_at=next_at))
    is_first = not taken.rowcount and insert_first(reading(), runs, {"name": job.did, "due_at": next_at})
    close_reading()
    return bool(taken.rowcount) or is_first


def _run(job: Job) -> int | None:
    """Run one job and return what it did; one that fails is logged and due again in a minute."""
    try:
        return job.work()
    except Exception:
        log.exception("job_failed", job=job.did)
        attempt(lambda: _put_off(job))
        return None


def _put_off(job: Job) -> None:
    runs, soon = JobRun.__table__, clock.now() + _RETRY
    reading().execute(update(runs).where(runs.c.name == job.did, runs.c.due_at > soon).values(due_at=soon))
    close_reading()


def wake() -> None:
    """Have the quick jobs done now, by whichever process does the jobs; the caller does not wait for the queue."""
    app = state.application()
    start(app)
    if app.extensions["settings"].redis_url or queue.file_of(app).exists():  # else nobody listens
        _bell_of(app).ring()


def _bell_of(app: Flask) -> queue.Bell:
    """Return the bell of this process; a fork has one of its own."""
    pid, bell = app.extensions.get("jobs_bell", (None, None))
    if pid != os.getpid():
        with _lock:
            pid, bell = app.extensions.get("jobs_bell", (None, None))
            if pid != os.getpid():
                bell = queue.Bell(app)
                app.extensions["jobs_bell"] = os.getpid(), bell
    return cast(queue.Bell, bell)


def start(app: Flask) -> None:
    """Start the threads of this process that do the jobs, unless they run or a separate process does its work."""
    if not app.extensions["settings"].embedded_jobs:
        return
    with _lock:
        if app.extensions.get("jobs_started_in") == os.getpid():
            return
        app.extensions["jobs_started_in"] = os.getpid()
    attempt(lambda: _consumer(app, queue.EmbeddedConsumer, workers=1).start())


def _consumer(app: Flask, kind: type[Consumer], *, workers: int) -> Consumer:
    """Return what listens to the queue and does the jobs: when rung, each minute, and unasked while it is away."""

    def inside(work: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            with app.app_context():
                work()

        return run

    opened = queue.open_queue(app)
    opened.on_absence = inside(run_due)
    opened.on_silence = inside(_run_quick)
    queue.when_rung(opened, inside(_run_quick))
    for number, job in enumerate(jobs_of(app)):
        queue.every_minute(opened, f"job_{number}", inside(partial(_run_if_due, job)))
    return kind(
        opened, workers=workers, max_delay=2.0, scheduler_interval=10, graceful_signal="TERM", shutdown_timeout=20
    )


def _run_quick() -> None:
    for job in jobs_of(state.application()):
        if job.every == SOON:
            _run(job)


@jobs.command("run")
@click.option("--once", is_flag=True, help="Do what is due and end.")
def run(*, once: bool) -> None:
    """Do what is due until stopped."""
    if not once:
        _consumer(state.application(), Consumer, workers=_WORKERS).run()
        return
    done = run_all()
    click.echo(", ".join(f"{count} {did}" for did, count in done.items() if count is not None))
    if None in done.values():
        raise click.ClickException(f"failed: {', '.join(did for did, count in done.items() if count is None)}")
