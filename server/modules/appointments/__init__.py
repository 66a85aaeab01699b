"""Appointments: hours, free times, bookings that cannot overlap, the day's board, waiting list, reviews and feeds."""

from flask import Flask

from server.core import idempotency
from server.modules.appointments import mails, models as _tables, policies, signals, tasks  # noqa: F401 - tables are known
from server.modules.appointments.queries import appointments
from server.modules.appointments.service import feeds, notices
from server.modules.users import signals as of_users


def init_module(app: Flask) -> None:
    """Grant the permissions of this module."""
    app.extensions["grid"].add(policies.GRANTS)
    policies.install()
    idempotency.check_scope_with("appointment", appointments.require_visible)
    signals.booked.connect(notices.tell_booked)
    signals.moved.connect(notices.tell_moved)
    signals.cancelled.connect(notices.tell_cancelled)
    mails.install()
    tasks.install(app)
    of_users.deactivated.connect(feeds.on_deactivated)
