"""Tell people things: in the application and by mail, from an outbox that is written with its cause."""

from flask import Flask

from server.core import metrics
from server.core.db import reading
from server.core.jobs import HOURLY, SOON, add_job
from server.modules.notifications import cli, mails, queries, service

__all__ = ["cli", "init_module"]


def init_module(app: Flask) -> None:
    """Have due mail delivered and counted, and add the commands."""
    mails.install()
    metrics.ask("polyclinic_outbox_messages", "Mails that wait or were given up.", "status", _waiting_mails)
    add_job(app, "mails sent", service.deliver_due, every=SOON)
    add_job(app, "old mails emptied", service.forget_details, every=HOURLY)
    add_job(app, "old mails removed", service.forget_asked_for, every=HOURLY)


def _waiting_mails() -> dict[str, int]:
    return queries.waiting_mails(reading())
