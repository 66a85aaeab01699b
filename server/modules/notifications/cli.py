"""`flask jobs`: do the work that waits outside requests."""

from __future__ import annotations

import time

import click
from flask.cli import AppGroup

from server.core import idempotency
from server.core.background import LOOK_AGAIN_SECONDS
from server.core.uow import command
from server.modules.notifications import service

jobs = AppGroup("jobs", help="Deliver mail and clean up.")


@jobs.command("run")
@click.option("--once", is_flag=True, help="Do what is due and end.")
def run(once: bool) -> None:
    """Deliver what is due until stopped."""
    while True:
        sent = service.deliver_due()
        with command("jobs.clean_up") as unit:
            forgotten = idempotency.forget_old(unit.connection)
        if once:
            click.echo(f"{sent} mails sent, {forgotten} old idempotency keys removed")
            return
        time.sleep(LOOK_AGAIN_SECONDS)
