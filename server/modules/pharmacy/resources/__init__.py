"""Pharmacy over HTTP."""

from server.modules.pharmacy.resources import (
    dispenses,
    register,
    transactions,
    updates,
)
from server.modules.pharmacy.resources.routing import blueprint

__all__ = [
    "blueprint",
    "dispenses",
    "register",
    "transactions",
    "updates",
]
