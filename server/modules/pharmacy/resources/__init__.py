"""Pharmacy over HTTP."""

from server.modules.pharmacy.resources import (
    register,
)
from server.modules.pharmacy.resources.routing import blueprint

__all__ = [
    "blueprint",
    "register",
]
