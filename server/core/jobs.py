"""Do the work that waits outside requests: each module names its jobs, each safe to run twice and in two places.

In the embedded mode a thread of the server does them; with `EMBEDDED_JOBS=false` a separate `flask jobs run`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import click
import structlog
from flask import Flask
from flask.cli import AppGroup

from server.core import idempotency, state
from server.core.uow import command

log = structlog.get_logger(__name__)

SOON, HOURLY = 30.0, 3600.0  # seconds between two runs of a job

jobs = AppGroup("jobs", help="Do what is due outside requests.")

_bell = threading.Event()
_lock = threading.Lock()


@dataclass
class Job:
    """A piece of work that returns how many times it did what `did` says."""

    did: str
    work: Callable[[], int]
    every: float
    due_at: float = 0.0


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


def run_due() -> dict[str, int]:
    """Run each job whose time has come and return what each did; one that fails is logged and stays due."""
    done: dict[str, int] = {}
    for job in cast("list[Job]", state.application().extensions["jobs"]):
        if job.due_at <= time.monotonic():
            try:
                done[job.did] = job.work()
                job.due_at = time.monotonic() + job.every
            except Exception:
                log.exception("job_failed", job=job.did)
    return done


def wake() -> None:
    """Have the quick jobs done now, by the process that is running."""
    app = state.application()
    for job in cast("list[Job]", app.extensions["jobs"]):
        if job.every == SOON:
            job.due_at = 0.0
    start(app)


def start(app: Flask) -> None:
    """Start the thread unless it runs already or a separate process does its work, and ring its bell."""
    if not app.extensions["settings"].embedded_jobs:
        return
    with _lock:
        if "jobs_thread" not in app.extensions:
            thread = threading.Thread(target=_work, args=(app,), name="jobs", daemon=True)
            app.extensions["jobs_thread"] = thread
            thread.start()
    _bell.set()


def _work(app: Flask) -> None:
    while True:
        with app.app_context():
            run_due()
        _bell.wait(SOON)
        _bell.clear()


@jobs.command("run")
@click.option("--once", is_flag=True, help="Do what is due and end.")
def run(*, once: bool) -> None:
    """Do what is due until stopped."""
    while True:
        done = run_due()
        if once:
            click.echo(", ".join(f"{count} {did}" for did, count in done.items()))
            return
        time.sleep(SOON)
