"""Inventory updates over HTTP: the ledger of all stock, and what is added or discarded by hand."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response

from server.core import trail as trails
from server.core.declare import declares
from server.core.dump import row_dumper
from server.core.errors import NotFound
from server.core.resource import Resource
from server.modules.inventory.enums import Activity
from server.modules.inventory.paths import item_within
from server.modules.inventory.policies import Perm
from server.modules.inventory.schemas.movements import MovementOut
from server.modules.inventory.service.ledger import StockMoved
from server.modules.inventory.service.taking import InsufficientStock
from server.modules.inventory.service.witness import WitnessRefused
from server.modules.inventory.witnessed import witness_of
from server.modules.pharmacy.queries import updates as queries
from server.modules.pharmacy.resources.routing import api
from server.modules.pharmacy.schemas.updates import UpdateIn, UpdateOut, UpdateQuery
from server.modules.pharmacy.service.updates import item_of, update_stock

_MOVEMENT: dict[str, Any] = {"object_type": "stock_movement", "out": MovementOut}
_dump = row_dumper(MovementOut, queries.COLUMNS)


class InventoryUpdateCollection(Resource):
    """The ledger of all stock."""

    @declares(Perm.READ, action="stock.updates", query=UpdateQuery, many=True, **_MOVEMENT)
    def get(self) -> Response:
        """List the movements of all stock that one's role reaches, the latest first."""
        return self.page(queries.page_of_updates(self.connection, self.actor, self.query))

    def _needed(self) -> Perm:
        return Perm.RECEIVE if self.body["activity_type"] == Activity.ADD else Perm.DISCARD

    def before_post(self) -> uuid.UUID | None:
        """Prove the witness, whose password is hashed; whoever may not do this needs none."""
        self.actor.require(self._needed())
        return witness_of(self)

    @declares(
        Perm.RECEIVE,
        also=(Perm.DISCARD,),
        action="stock.update",
        object_type="stock_movement",
        body=UpdateIn,
        out=UpdateOut,
        problems=(NotFound, StockMoved, InsufficientStock, WitnessRefused),
    )
    def post(self) -> Response:
        """Add units to stock, or discard some that nobody will use; what is expired comes in quarantined.

        Without a lot, what expires first is discarded first. Adding takes `stock:receive`, discarding `stock:discard`.
        """
        self.body.pop("witness", None)
        named = {name: self.body.pop(name) for name in ("item_id", "medication_id")}
        found = item_within(self.connection, self.actor, self._needed(), item_id=item_of(self.connection, **named))
        made = update_stock(actor=self.actor, item_id=found.item_id, witness_id=self.prepared, **self.body)
        answer = queries.written(self.connection, made)
        trails.current().about(answer["id"])
        return self.created(answer, "Stock updated.")


class InventoryUpdateItem(Resource):
    """One line of the ledger."""

    @declares(Perm.READ, action="stock.read_update", **_MOVEMENT)
    def get(self, movement_id: uuid.UUID) -> Response:
        """Show one movement of stock."""
        return self.show(_dump(queries.update_row(self.connection, self.actor, movement_id)))


api.add_resource(InventoryUpdateCollection, "/inventory-updates")
api.add_resource(InventoryUpdateItem, "/inventory-updates/<uuid:movement_id>")
