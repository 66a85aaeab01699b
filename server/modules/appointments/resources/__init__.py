"""Appointments over HTTP."""

from server.modules.appointments.resources import (  # noqa: F401 - their routes have to be known
    actions,
    appointments,
    board,
    feeds,
    holds,
    hours,
    reviews,
    series,
    slots,
    waiting,
)
from server.modules.appointments.resources.feeds import root
from server.modules.appointments.resources.routing import blueprint

__all__ = ["blueprint", "root"]
