"""Appointments over HTTP."""

from server.modules.appointments.resources import appointments, board, feeds, reviews  # noqa: F401 - their routes have to be known
from server.modules.appointments.resources.feeds import root
from server.modules.appointments.resources.routing import blueprint

__all__ = ["blueprint", "root"]
