"""Take what comes of an order into stock: never more than was ordered, and all that is outstanding exactly once."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from server.core.access import Actor
from server.core.columns import ANY_VERSION, Expected
from server.core.db import db
from server.core.errors import Conflict, InvalidTransition, refused
from server.core.ids import new_id
from server.modules.inventory.enums import Activity, OrderStatus
from server.modules.inventory.models import (
    Item,
    Lot,
    OrderReceipt,
    OrderReceiptLine,
    PurchaseOrder,
    PurchaseOrderLine,
)
from server.modules.inventory.policies import Perm, require_kind
from server.modules.inventory.service.ledger import Cause, Step, write
from server.modules.inventory.service.orders import CLOSED, OPEN, RECEIVED, locked as locked_order
from server.modules.inventory.service.receiving import lot_coming, on_shelf, require_room
from server.modules.inventory.service.shelves import Shelf, locked

# As what a delivery is known to the ledger of stock.
SOURCE = "order_receipt"

Said = Sequence[Mapping[str, Any]]
Lines = Mapping[uuid.UUID, PurchaseOrderLine]


class OverReceipt(Conflict):
    """More would have come than was ordered.

    `line_id` says of which line, `outstanding` how much of it is still to come and `requested` how much was said to
    have come.
    """

    code = "over_receipt"


class AlreadyReceived(Conflict):
    """All of this order has come already."""

    code = "already_received"


@dataclass(frozen=True, slots=True)
class _Coming:
    """So many units of a line, which come in one lot."""

    line: PurchaseOrderLine
    quantity: int
    lot_number: str | None = None
    expires_on: date | None = None
    unit_cost: int | None = None

    @property
    def cost(self) -> int:
        """What a unit costs: what the delivery says, else what the order said."""
        return self.line.unit_cost if self.unit_cost is None else self.unit_cost


def receive(
    *,
    actor: Actor,
    order_id: uuid.UUID,
    lines: Said,
    expected: Expected = ANY_VERSION,
    witness_id: uuid.UUID | None = None,
) -> PurchaseOrder:
    """Take a delivery in, by lots."""
    order = _held(order_id, expected, OverReceipt)
    return _take_in(order, _delivered(lines, _standing(order_id)), actor=actor, witness_id=witness_id)


def apply(
    *,
    actor: Actor,
    order_id: uuid.UUID,
    lines: Said = (),
    expected: Expected = ANY_VERSION,
    witness_id: uuid.UUID | None = None,
) -> PurchaseOrder:
    """Take all that is outstanding in, in the lots that `lines` says; once it has come, nothing comes again."""
    order = _held(order_id, expected, AlreadyReceived)
    return _take_in(order, _all(lines, _standing(order_id)), actor=actor, witness_id=witness_id)


def _held(order_id: uuid.UUID, expected: Expected, if_received: type[Conflict]) -> PurchaseOrder:
    """Return an order of which more is to come, held until the unit of work ends."""
    order = locked_order(order_id)
    order.require(expected)
    if order.status not in OPEN:
        raise if_received if order.status in (RECEIVED, CLOSED) else InvalidTransition(order_status=order.status)
    return order


def _standing(order_id: uuid.UUID) -> dict[uuid.UUID, PurchaseOrderLine]:
    stmt = select(PurchaseOrderLine).where(PurchaseOrderLine.order_id == order_id).order_by(PurchaseOrderLine.position)
    return {line.id: line for line in db.session.scalars(stmt.execution_options(populate_existing=True))}


def _take_in(
    order: PurchaseOrder, coming: Sequence[_Coming], *, actor: Actor, witness_id: uuid.UUID | None
) -> PurchaseOrder:
    _require_reach(actor, coming)
    receipt = OrderReceipt(id=new_id(), order_id=order.id, received_by=actor.user_id)
    db.session.add(receipt)
    db.session.flush()
    cause = Cause(
        activity=Activity.ADD, actor=actor, document_type=SOURCE, document_id=receipt.id, witness_id=witness_id
    )
    _put_on_shelves(coming, receipt, cause)
    is_whole = not any(outstanding(line) for line in _standing(order.id).values())
    order.status = RECEIVED if is_whole else OrderStatus.PARTIALLY_RECEIVED
    order.touch()
    db.session.flush()
    return order


def _delivered(lines: Said, standing: Lines) -> list[_Coming]:
    """Return what a delivery says, or raise `OverReceipt` where more of a line would come than is outstanding."""
    coming, sums = [], Counter[uuid.UUID]()
    for number, said in enumerate(lines):
        line = standing.get(said["line_id"])
        if line is None:
            raise refused(f"lines.{number}.line_id", why="This order has no such line.")
        facts = {name: said.get(name) for name in ("lot_number", "expires_on", "unit_cost")}
        left = outstanding(line) - sums[line.id]
        quantity = said.get("quantity") or left
        if not 0 < quantity <= left:
            raise OverReceipt(line_id=line.id, outstanding=outstanding(line), requested=sums[line.id] + quantity)
        sums[line.id] += quantity
        coming.append(_Coming(line, quantity, **facts))
    return coming


def _all(lines: Said, standing: Lines) -> list[_Coming]:
    """Return all that is outstanding, in the lots that are said where there are any."""
    named = _delivered(lines, standing)
    sums = Counter[uuid.UUID]()
    for one in named:
        sums[one.line.id] += one.quantity
    for number, said in enumerate(lines):
        if sums[said["line_id"]] < outstanding(standing[said["line_id"]]):
            raise refused(f"lines.{number}.quantity", why="All that is outstanding comes in; use a receipt for a part.")
    rest = [_Coming(line, outstanding(line)) for line in standing.values() if line.id not in sums and outstanding(line)]
    return [*named, *rest]


def outstanding(line: PurchaseOrderLine) -> int:
    """Return how much of a line is still to come."""
    return line.quantity_ordered - line.quantity_received


def _require_reach(actor: Actor, coming: Iterable[_Coming]) -> None:
    item_ids = {one.line.item_id for one in coming}
    for kind in sorted(db.session.scalars(select(Item.kind).where(Item.id.in_(item_ids)).distinct())):
        require_kind(actor, Perm.RECEIVE, kind)


def _put_on_shelves(coming: Sequence[_Coming], receipt: OrderReceipt, cause: Cause) -> None:
    """Write the units into their lots and the ledger, and what came into lines and receipt."""
    shelves = locked(one.line.item_id for one in coming)
    _require_room_for(coming, shelves)
    steps = []
    for one in coming:
        shelf = shelves[one.line.item_id]
        lot = lot_coming(shelf, one.lot_number, one.expires_on, one.cost)
        steps.append(Step(shelf, on_shelf(shelf, lot), one.quantity))
        one.line.quantity_received += one.quantity
        db.session.add(_kept(receipt, one, lot))
    write(steps, cause=cause)
    db.session.flush()


def _kept(receipt: OrderReceipt, one: _Coming, lot: Lot) -> OrderReceiptLine:
    return OrderReceiptLine(receipt_id=receipt.id, line_id=one.line.id, lot_id=lot.id, quantity=one.quantity)


def _require_room_for(coming: Iterable[_Coming], shelves: Mapping[uuid.UUID, Shelf]) -> None:
    sums = Counter[uuid.UUID]()
    for one in coming:
        sums[one.line.item_id] += one.quantity
    for item_id, quantity in sums.items():
        require_room(shelves[item_id], quantity, field="lines")
