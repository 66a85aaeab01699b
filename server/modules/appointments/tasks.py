"""What the calendar does by itself, as time passes."""

from flask import Flask

from server.core.jobs import SOON, add_job
from server.modules.appointments.service import reminders


def install(app: Flask) -> None:
    """Add the jobs of this module."""
    add_job(app, "reminders given", reminders.remind_due, every=SOON)
