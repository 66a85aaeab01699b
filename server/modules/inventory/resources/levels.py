"""What is low, what expires, and stock as a whole, over HTTP."""

from __future__ import annotations

from flask import Response

from server.core.declare import declares
from server.core.resource import Resource
from server.modules.inventory.policies import Perm
from server.modules.inventory.queries.expiring import page_of_expiring
from server.modules.inventory.queries.reordering import page_of_low
from server.modules.inventory.queries.stats import stats
from server.modules.inventory.resources.routing import api
from server.modules.inventory.schemas.levels import (
    ExpiringOut,
    ExpiringQuery,
    LowStockOut,
    LowStockQuery,
    StatsOut,
    StatsQuery,
)


class ItemStats(Resource):
    """Stock as a whole."""

    @declares(Perm.ITEMS_READ, action="items.stats", object_type="item", query=StatsQuery, out=StatsOut)
    def get(self) -> Response:
        """Say how much there is, worth what at cost, and how much of it is low, out or expires; by category too."""
        return self.show(stats(self.connection, self.query))


class LowStock(Resource):
    """What is low."""

    @declares(
        Perm.ITEMS_READ, action="items.low_stock", object_type="item", query=LowStockQuery, out=LowStockOut, many=True
    )
    def get(self) -> Response:
        """List what is at its reorder point or below, with what is on order and how much to order besides."""
        return self.page(page_of_low(self.connection, self.query))


class Expiring(Resource):
    """What expires."""

    @declares(
        Perm.ITEMS_READ, action="items.expiring", object_type="lot", query=ExpiringQuery, out=ExpiringOut, many=True
    )
    def get(self) -> Response:
        """List the lots in stock that expire within so many days, what has expired already included."""
        return self.page(page_of_expiring(self.connection, self.query))


api.add_resource(ItemStats, "/items/stats")
api.add_resource(LowStock, "/items/low-stock")
api.add_resource(Expiring, "/items/expiring")
