"""Do the work that waits outside requests: each module names its jobs, each safe to run twice and in two places."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import cast

import click
from flask import Flask
from flask.cli import AppGroup

from server.core import idempotency, state
from server.core.background import LOOK_AGAIN_SECONDS
from server.core.uow import command

Job = Callable[[], int]

jobs = AppGroup("jobs", help="Do what is due outside requests.")


def init_jobs(app: Flask) -> None:
    """Add the command, and the job that core itself has."""
    app.cli.add_command(jobs)
    add_job(app, "old idempotency keys forgotten", forget_old_keys)


def add_job(app: Flask, did: str, job: Job) -> None:
    """Have `job` run by `flask jobs run`; it returns how many times it did what `did` says."""
    cast("dict[str, Job]", app.extensions.setdefault("jobs", {}))[did] = job


def forget_old_keys() -> int:
    """Delete the idempotency keys that are past their day; return how many."""
    with command("jobs.forget_keys", "idempotency_key") as unit:
        return idempotency.forget_old(unit.connection)


def run_all() -> dict[str, int]:
    """Run every job once and return what each did."""
    return {did: job() for did, job in state.application().extensions["jobs"].items()}


@jobs.command("run")
@click.option("--once", is_flag=True, help="Do what is due and end.")
def run(*, once: bool) -> None:
    """Do what is due until stopped."""
    while True:
        done = run_all()
        if once:
            click.echo(", ".join(f"{count} {did}" for did, count in done.items()))
            return
        time.sleep(LOOK_AGAIN_SECONDS)
