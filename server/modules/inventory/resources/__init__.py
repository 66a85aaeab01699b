"""Stock over HTTP."""

from server.modules.inventory.resources import (
    categories,
    items,
    levels,
    lots,
    movements,
    orders,
    sheets,
    stocktakes,
    suppliers,
)
from server.modules.inventory.resources.routing import blueprint

__all__ = [
    "blueprint",
    "categories",
    "items",
    "levels",
    "lots",
    "movements",
    "orders",
    "sheets",
    "stocktakes",
    "suppliers",
]
