"""Appointments: hours, free times, bookings that cannot overlap, the day's board, waiting list, reviews and feeds."""

from flask import Flask

from server.modules.appointments import models as _tables, policies  # noqa: F401 - the tables have to be known


def init_module(app: Flask) -> None:
    """Grant the permissions of this module."""
    app.extensions["grid"].add(policies.GRANTS)
