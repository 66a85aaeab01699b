"""Orders over HTTP: drawing up, ordering, what comes of them, and what is to be ordered."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response, request

from server.core import trail as trails
from server.core.declare import declares
from server.core.dump import row_dumper
from server.core.errors import InvalidTransition
from server.core.resource import Resource
from server.modules.inventory.paths import order_within
from server.modules.inventory.policies import Perm
from server.modules.inventory.queries import orders as queries
from server.modules.inventory.resources.routing import api
from server.modules.inventory.schemas.orders import (
    MOST_LINES,
    ApplyIn,
    OrderIn,
    OrderOut,
    OrderPatch,
    OrderQuery,
    OrderStatusIn,
    ReceiptIn,
    SuggestIn,
)
from server.modules.inventory.service import deliveries, orders as service
from server.modules.inventory.service.suggesting import NothingToOrder, suggest
from server.modules.inventory.service.witness import WitnessRefused
from server.modules.inventory.witnessed import witness_of

_ORDER: dict[str, Any] = {"object_type": "purchase_order", "out": OrderOut}
_ONE: dict[str, Any] = {**_ORDER, "within": order_within}
_dump = row_dumper(OrderOut, queries.COLUMNS)


class Orders(Resource):
    """The base of what answers with orders."""

    def seen(self, order_id: uuid.UUID) -> dict[str, Any]:
        """Return one order."""
        trails.current().about(order_id)
        return _dump(queries.order_row(self.connection, order_id))

    def drawn_up(self, order_id: uuid.UUID) -> Response:
        """Answer a new order, which is found below the collection whatever the path was."""
        collection = request.path.removesuffix("/suggest").rstrip("/")
        return self.created(self.seen(order_id), "Order drawn up.", location=f"{collection}/{order_id}")


class OrderCollection(Orders):
    """All orders."""

    @declares(Perm.ORDERS_MANAGE, action="orders.list", query=OrderQuery, many=True, **_ORDER)
    def get(self) -> Response:
        """List the orders of what one may order, the latest first."""
        return self.page(queries.page_of_orders(self.connection, self.actor, self.query))

    @declares(Perm.ORDERS_MANAGE, action="orders.draw_up", body=OrderIn, **_ORDER)
    def post(self) -> Response:
        """Draw up an order as a draft; medication only where one's role reaches that."""
        return self.drawn_up(service.draw_up(actor=self.actor, **self.body).id)


class OrderSuggestion(Orders):
    """What is to be ordered."""

    @declares(
        Perm.ORDERS_MANAGE,
        action="orders.suggest",
        body=SuggestIn,
        body_required=False,
        problems=(NothingToOrder,),
        **_ORDER,
    )
    def post(self) -> Response:
        """Draw up one draft of everything at its reorder point, in whole packs; what is on order already is counted.

        It has a supplier where all of it comes from one: ask with `supplier_id` for a draft of each.
        """
        return self.drawn_up(suggest(actor=self.actor, form=self.body, most=MOST_LINES).id)


class OrderItem(Orders):
    """One order."""

    @declares(Perm.ORDERS_MANAGE, action="orders.read", **_ONE)
    def get(self, order_id: uuid.UUID) -> Response:
        """Show one order, one that was deleted included."""
        return self.show(self.seen(order_id))

    @declares(
        Perm.ORDERS_MANAGE,
        action="orders.change",
        body=OrderPatch,
        version="required",
        problems=(InvalidTransition, service.OrderNotDraft),
        **_ONE,
    )
    def patch(self, order_id: uuid.UUID) -> Response:
        """Change what is sent of an order; lines, which are sent whole, and supplier of a draft alone."""
        service.change(actor=self.actor, order_id=order_id, expected=self.expected, **self.body)
        return self.show(self.seen(order_id), "Order changed.")

    @declares(
        Perm.ORDERS_MANAGE,
        action="orders.remove",
        object_type="purchase_order",
        version="required",
        within=order_within,
        problems=(service.OrderInProgress,),
    )
    def delete(self, order_id: uuid.UUID) -> Response:
        """Delete a draft or a cancelled order; it stays readable by id."""
        service.remove(actor=self.actor, order_id=order_id, expected=self.expected)
        return self.gone()


class OrderStatus(Orders):
    """Where an order stands."""

    @declares(
        Perm.ORDERS_MANAGE,
        action="orders.set_status",
        body=OrderStatusIn,
        version="required",
        problems=(InvalidTransition,),
        **_ONE,
    )
    def patch(self, order_id: uuid.UUID) -> Response:
        """Order a draft, call off what nothing has come of, or close what has come.

        That some or all has come its receipts say; `received`, of an order that is partially received, says that the
        rest never will.
        """
        service.set_status(actor=self.actor, order_id=order_id, expected=self.expected, status=self.body["status"])
        return self.show(self.seen(order_id), "Order changed.")


class OrderReceipts(Orders):
    """What comes of an order."""

    def before_post(self, order_id: uuid.UUID) -> uuid.UUID | None:
        """Prove the witness, whose password is hashed."""
        return witness_of(self)

    @declares(
        Perm.ORDERS_MANAGE,
        action="orders.receive",
        body=ReceiptIn,
        version="optional",
        problems=(InvalidTransition, deliveries.OverReceipt, WitnessRefused),
        **_ONE,
    )
    def post(self, order_id: uuid.UUID) -> Response:
        """Take a delivery into stock, by lots; never more comes of a line than was ordered.

        What is expired comes in quarantined. It takes `stock:receive` for the kind of each line.
        """
        said = {"lines": self.body["lines"], "expected": self.expected, "witness_id": self.prepared}
        deliveries.receive(actor=self.actor, order_id=order_id, **said)
        return self.created(self.seen(order_id), "Received.", location=request.path.removesuffix("/receipts"))


class OrderApplication(Orders):
    """All that is outstanding of an order."""

    def before_post(self, order_id: uuid.UUID) -> uuid.UUID | None:
        """Prove the witness, whose password is hashed."""
        return witness_of(self)

    @declares(
        Perm.ORDERS_MANAGE,
        action="orders.apply",
        body=ApplyIn,
        body_required=False,
        version="optional",
        status=200,
        problems=(InvalidTransition, deliveries.AlreadyReceived, deliveries.OverReceipt, WitnessRefused),
        **_ONE,
    )
    def post(self, order_id: uuid.UUID) -> Response:
        """Take all that is outstanding into stock in one step, exactly once; `lines` says in which lots it came."""
        said = {"lines": self.body.get("lines", ()), "expected": self.expected, "witness_id": self.prepared}
        deliveries.apply(actor=self.actor, order_id=order_id, **said)
        return self.show(self.seen(order_id), "Received.")


api.add_resource(OrderCollection, "/orders")
api.add_resource(OrderSuggestion, "/orders/suggest")
api.add_resource(OrderItem, "/orders/<uuid:order_id>")
api.add_resource(OrderStatus, "/orders/<uuid:order_id>/status")
api.add_resource(OrderReceipts, "/orders/<uuid:order_id>/receipts")
api.add_resource(OrderApplication, "/orders/<uuid:order_id>/apply")
