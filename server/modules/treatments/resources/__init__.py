"""Treatments over HTTP."""

from server.modules.treatments.resources import treatments
from server.modules.treatments.resources.routing import blueprint

__all__ = ["blueprint", "treatments"]
