"""Vital signs over HTTP."""

from server.modules.vitals.resources import vitals as _vitals  # noqa: F401 - routes are registered
from server.modules.vitals.resources.routing import blueprint

__all__ = ["blueprint"]
