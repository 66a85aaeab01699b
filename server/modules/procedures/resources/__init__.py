"""Procedures over HTTP."""

from server.modules.procedures.resources import procedures as _procedures  # noqa: F401 - routes are registered
from server.modules.procedures.resources.routing import blueprint

__all__ = ["blueprint"]
