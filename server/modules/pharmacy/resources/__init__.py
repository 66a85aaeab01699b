"""Pharmacy over HTTP."""

from server.modules.pharmacy.resources import (
    register,
    transactions,
    updates,
)
from server.modules.pharmacy.resources.routing import blueprint

__all__ = [
    "blueprint",
    "register",
    "transactions",
    "updates",
]
