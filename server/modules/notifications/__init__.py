"""Tell people things: an outbox written with its cause, delivered afterwards."""

from flask import Flask

from server.core.jobs import SOON, add_job
from server.modules.notifications.service import deliver_due


def init_module(app: Flask) -> None:
    """Have due mail delivered."""
    add_job(app, "mails sent", deliver_due, every=SOON)
