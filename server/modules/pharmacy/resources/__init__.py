"""Pharmacy over HTTP."""

from server.modules.pharmacy.resources import (
    dispenses,
    papers,
    register,
    transactions,
    updates,
)
from server.modules.pharmacy.resources.routing import blueprint

__all__ = [
    "blueprint",
    "dispenses",
    "papers",
    "register",
    "transactions",
    "updates",
]
