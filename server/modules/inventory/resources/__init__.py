"""Stock over HTTP."""

from server.modules.inventory.resources import categories, items, lots, movements, orders, stocktakes, suppliers
from server.modules.inventory.resources.routing import blueprint

__all__ = ["blueprint", "categories", "items", "lots", "movements", "orders", "stocktakes", "suppliers"]
