"""Visits over HTTP."""

from server.modules.visits.resources import notes, visits
from server.modules.visits.resources.routing import blueprint

__all__ = ["blueprint", "notes", "visits"]
