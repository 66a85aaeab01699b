"""Prescriptions over HTTP."""

from server.modules.prescriptions.resources import prescriptions, verbs
from server.modules.prescriptions.resources.routing import blueprint

__all__ = ["blueprint", "prescriptions", "verbs"]
