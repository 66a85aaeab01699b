"""Appointments over HTTP."""

from server.modules.appointments.resources.routing import blueprint

__all__ = ["blueprint"]
