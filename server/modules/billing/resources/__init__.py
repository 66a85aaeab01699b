"""Billing over HTTP."""

from server.modules.billing.resources import fees
from server.modules.billing.resources.routing import blueprint

__all__ = ["blueprint", "fees"]
