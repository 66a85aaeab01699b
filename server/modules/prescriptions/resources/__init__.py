"""Prescriptions over HTTP."""

from server.modules.prescriptions.resources.routing import blueprint

__all__ = ["blueprint"]
