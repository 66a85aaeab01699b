"""Medications over HTTP."""

from server.modules.medications.resources import medications
from server.modules.medications.resources.routing import blueprint

__all__ = ["blueprint", "medications"]
