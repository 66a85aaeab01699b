"""Stock over HTTP."""

from server.modules.inventory.resources.routing import blueprint

__all__ = ["blueprint"]
