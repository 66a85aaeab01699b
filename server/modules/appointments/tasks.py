"""What the calendar does by itself, as time passes."""

from flask import Flask

from server.core.jobs import HOURLY, SOON, add_job
from server.core.uow import command
from server.modules.appointments.service import holds, offers, reminders, sweeps


def install(app: Flask) -> None:
    """Add the jobs of this module."""
    add_job(app, "reminders given", reminders.remind_due, every=SOON)
    add_job(app, "waits ended", offers.go_on, every=SOON)
    add_job(app, "appointments missed", sweeps.mark_missed, every=HOURLY)
    add_job(app, "lapsed holds deleted", drop_lapsed_holds, every=HOURLY)


def drop_lapsed_holds() -> int:
    """Delete holds that lapsed a while ago: they block nobody, this is for the size of the table."""
    with command("appointments.drop_holds", "hold"):
        return holds.drop_lapsed()
