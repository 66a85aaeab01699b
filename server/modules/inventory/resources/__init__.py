"""Stock over HTTP."""

from server.modules.inventory.resources import categories, items, lots, movements
from server.modules.inventory.resources.routing import blueprint

__all__ = ["blueprint", "categories", "items", "lots", "movements"]
