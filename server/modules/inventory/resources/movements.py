"""The ledger over HTTP."""

from __future__ import annotations

import uuid
from dataclasses import asdict

from flask import Response

from server.core.declare import declares
from server.core.resource import Resource
from server.modules.inventory.paths import item_within
from server.modules.inventory.policies import Perm
from server.modules.inventory.queries import movements as queries
from server.modules.inventory.queries.reconciliation import reconcile
from server.modules.inventory.resources.routing import api
from server.modules.inventory.schemas.movements import MovementOut, MovementQuery, ReconciliationOut


class ItemMovements(Resource):
    """The ledger of an item."""

    @declares(
        Perm.READ,
        action="stock.movements",
        object_type="stock_movement",
        query=MovementQuery,
        out=MovementOut,
        many=True,
        within=item_within,
    )
    def get(self, item_id: uuid.UUID) -> Response:
        """List the movements of an item, the latest first, each with what there was after it."""
        return self.page(queries.page_of_movements(self.connection, item_id, self.query))


class Reconciliation(Resource):
    """All balances against the ledger."""

    @declares(Perm.RECONCILE, action="stock.reconcile", object_type="stock", out=ReconciliationOut)
    def get(self) -> Response:
        """Recompute every balance from the ledger and list those that differ: none, ever."""
        return self.show(asdict(reconcile(self.connection)))


api.add_resource(ItemMovements, "/items/<uuid:item_id>/movements")
api.add_resource(Reconciliation, "/stock/reconciliation")
