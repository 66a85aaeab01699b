"""Pharmacy over HTTP."""

from server.modules.pharmacy.resources.routing import blueprint

__all__ = ["blueprint"]
