"""Items over HTTP."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response

from server.core import trail as trails
from server.core.declare import declares
from server.core.dump import row_dumper
from server.core.resource import Resource
from server.modules.inventory.enums import Activity
from server.modules.inventory.models import SkuTaken
from server.modules.inventory.paths import item_within
from server.modules.inventory.policies import Perm, require_kind
from server.modules.inventory.queries import items as queries
from server.modules.inventory.resources.routing import api
from server.modules.inventory.schemas.items import ItemIn, ItemOut, ItemPut, ItemQuery, StockPatch
from server.modules.inventory.service import adjusting, items as service
from server.modules.inventory.service.ledger import Cause, StockMoved
from server.modules.inventory.service.taking import InsufficientStock
from server.modules.inventory.service.witness import WitnessRefused
from server.modules.inventory.witnessed import witness_of

_ITEM: dict[str, Any] = {"object_type": "item", "out": ItemOut}
_CHANGE: dict[str, Any] = {
    **_ITEM,
    "action": "items.change",
    "body": ItemPut,
    "version": "required",
    "within": item_within,
    "problems": (SkuTaken, service.ItemInStock),
}
_dump = row_dumper(ItemOut, queries.COLUMNS)


class Items(Resource):
    """The base of what answers with items."""

    def seen(self, item_id: uuid.UUID) -> dict[str, Any]:
        """Return one item."""
        trails.current().about(item_id)
        return _dump(queries.item_row(self.connection, item_id))


class ItemCollection(Items):
    """All items."""

    @declares(Perm.ITEMS_READ, action="items.list", query=ItemQuery, many=True, **_ITEM)
    def get(self) -> Response:
        """List what is kept in stock, each with how much there is of it."""
        return self.page(queries.page_of_items(self.connection, self.query))

    @declares(Perm.ITEMS_MANAGE, action="items.add", body=ItemIn, problems=(SkuTaken,), **_ITEM)
    def post(self) -> Response:
        """Begin to keep something in stock; medication only where one's role reaches that."""
        require_kind(self.actor, Perm.ITEMS_MANAGE, self.body["kind"])
        return self.created(self.seen(service.add_item(**self.body).id), "Item added.")


class ItemItem(Items):
    """One item."""

    @declares(Perm.ITEMS_READ, action="items.read", **_ITEM)
    def get(self, item_id: uuid.UUID) -> Response:
        """Show one item, one that is out of use included."""
        return self.show(self.seen(item_id))

    @declares(Perm.ITEMS_MANAGE, **_CHANGE)
    def put(self, item_id: uuid.UUID) -> Response:
        """Replace what can be written of an item."""
        return self._change(item_id, is_whole=True)

    @declares(Perm.ITEMS_MANAGE, **_CHANGE)
    def patch(self, item_id: uuid.UUID) -> Response:
        """Change what is sent of an item."""
        return self._change(item_id, is_whole=False)

    def _change(self, item_id: uuid.UUID, *, is_whole: bool) -> Response:
        require_kind(self.actor, Perm.ITEMS_MANAGE, self.body.get("kind", self.parent.kind))
        service.change(item_id=item_id, expected=self.expected, is_whole=is_whole, **self.body)
        return self.show(self.seen(item_id), "Item changed.")

    @declares(
        Perm.ITEMS_MANAGE,
        action="items.deactivate",
        object_type="item",
        version="required",
        within=item_within,
        problems=(service.ItemInStock,),
    )
    def delete(self, item_id: uuid.UUID) -> Response:
        """Take an item of which there is none left out of use; it stays readable by id, with its history."""
        service.deactivate(item_id=item_id, expected=self.expected)
        return self.gone()


class ItemStock(Items):
    """How much there is of an item."""

    def before_patch(self, item_id: uuid.UUID) -> uuid.UUID | None:
        """Prove the witness, whose password is hashed; whoever may not do this needs none."""
        self.actor.require(self._needed())
        return witness_of(self)

    def _needed(self) -> Perm:
        return Perm.ADJUST if "adjustment" in self.body else Perm.COUNT

    @declares(
        Perm.COUNT,
        also=(Perm.ADJUST,),
        action="items.stock",
        body=StockPatch,
        problems=(StockMoved, InsufficientStock, WitnessRefused),
        **_ITEM,
    )
    def patch(self, item_id: uuid.UUID) -> Response:
        """Write what was counted, if the list still says what it said then, or so many units more or less.

        A shortage is taken from what expires first, a surplus added to the usable lot that came in last, unless
        `lot_id` says of which lot. Counting takes `stock:count`, adjusting `stock:adjust`.
        """
        item_within(self.connection, self.actor, self._needed(), item_id=item_id)
        sent = {name: value for name, value in self.body.items() if name not in ("reason", "witness")}
        is_count = "quantity" in sent
        cause = Cause(
            activity=Activity.COUNT if is_count else Activity.ADJUST,
            actor=self.actor,
            reason=self.body["reason"],
            witness_id=self.prepared,
        )
        (adjusting.count if is_count else adjusting.adjust)(item_id=item_id, cause=cause, **sent)
        return self.show(self.seen(item_id), "Counted." if is_count else "Adjusted.")


api.add_resource(ItemCollection, "/items")
api.add_resource(ItemItem, "/items/<uuid:item_id>")
api.add_resource(ItemStock, "/items/<uuid:item_id>/stock")
