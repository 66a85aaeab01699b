"""Find orders, each with its lines and what has come of them, in a fixed number of statements."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Select, select
from sqlalchemy.sql import ColumnElement

from server.core.access import Actor, Permission
from server.core.clock import begin_of, end_of
from server.core.dump import columns_of, row_dumper
from server.core.errors import NotFound
from server.core.listing import ListSpec, Page, fetch_page
from server.modules.inventory.models import (
    Item,
    Lot,
    OrderReceipt,
    OrderReceiptLine,
    PurchaseOrder,
    PurchaseOrderLine,
    Supplier,
)
from server.modules.inventory.policies import Perm
from server.modules.inventory.queries.reach import only_kinds
from server.modules.inventory.schemas.orders import OrderLineOut, OrderOut, ReceiptLineOut
from server.modules.users.hands import Hands

LIST = ListSpec(
    sorts={"created_at": PurchaseOrder.created_at, "number": PurchaseOrder.number},
    tie=PurchaseOrder.id,
    default="-created_at",
)

_table = PurchaseOrder.__table__
# What comes from statements of its own, as the last columns of a row.
_ADDED = ("total", "lines", "receipts")
_OWN = tuple(name for name in columns_of(OrderOut) if name not in _ADDED)
COLUMNS = (*_OWN, *_ADDED)
_ID = _OWN.index("id")

_LINE = tuple(columns_of(OrderLineOut))
_OF_ITEM = {"item_name": Item.name.label("item_name"), "kind": Item.kind, "unit": Item.unit}
_RECEIVED = tuple(columns_of(ReceiptLineOut))
_OF_LOT = {name: Lot.__table__.c[name] for name in ("lot_number", "expires_on", "unit_cost")}

# Who deleted it.
_hands = Hands(voider=PurchaseOrder.voided_by)

_FILTERS: Mapping[str, Callable[[Any], ColumnElement[bool]]] = {
    "status": lambda status: PurchaseOrder.status == status,
    "supplier_id": lambda supplier_id: PurchaseOrder.supplier_id == supplier_id,
    "from": lambda bound: PurchaseOrder.created_at >= begin_of(bound),
    "to": lambda bound: PurchaseOrder.created_at < end_of(bound),
}


def reaches(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """Return "the actor may order all that is on this order"."""
    is_its_line = PurchaseOrderLine.order_id == PurchaseOrder.id
    found: ColumnElement[bool] = only_kinds(actor, permission, PurchaseOrderLine.item_id, is_its_line)
    return found


def _rows() -> Select[Any]:
    beside = {**_hands.columns, "supplier_name": Supplier.name.label("supplier_name")}
    stmt = select(*(beside[name] if name in beside else _table.c[name] for name in _OWN))
    return _hands.join(stmt.outerjoin(Supplier, Supplier.id == PurchaseOrder.supplier_id))


def page_of_orders(connection: Connection, actor: Actor, query: Mapping[str, Any]) -> Page:
    """Return one page of the orders, the latest first."""
    stmt = _rows().where(reaches(actor, Perm.ORDERS_MANAGE), PurchaseOrder.voided_at.is_(None))
    page = fetch_page(
        connection, stmt.where(*(_FILTERS[name](query[name]) for name in _FILTERS if name in query)), LIST, query
    )
    return replace(page, columns=COLUMNS, rows=_whole(connection, page.rows))


def order_row(connection: Connection, order_id: uuid.UUID) -> Sequence[Any]:
    """Return one order, one that was deleted included, or raise `NotFound`."""
    found = _whole(connection, connection.execute(_rows().where(PurchaseOrder.id == order_id)).all())
    if not found:
        raise NotFound
    return found[0]


def _whole(connection: Connection, rows: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
    ids = [row[_ID] for row in rows]
    if not ids:
        return []
    totals, lines = _lines_of(connection, ids)
    receipts = _receipts_of(connection, ids)
    return [(*row, totals[row[_ID]], lines[row[_ID]], receipts[row[_ID]]) for row in rows]


def _lines_of(connection: Connection, ids: Collection[uuid.UUID]) -> tuple[Mapping[Any, int], Mapping[Any, list[Any]]]:
    """Return what orders come to, and their lines."""
    line, dump = PurchaseOrderLine.__table__.c, row_dumper(OrderLineOut, _LINE)
    stmt = (
        select(line.order_id, *(_OF_ITEM[name] if name in _OF_ITEM else line[name] for name in _LINE))
        .join(Item, Item.id == line.item_id)
        .where(line.order_id.in_(ids))
        .order_by(line.order_id, line.position)
    )
    totals: dict[Any, int] = defaultdict(int)
    lines: dict[Any, list[Any]] = defaultdict(list)
    for row in connection.execute(stmt):
        totals[row.order_id] += row.quantity_ordered * row.unit_cost
        lines[row.order_id].append(dump(row[1:]))
    return totals, lines


def _receipts_of(connection: Connection, ids: Collection[uuid.UUID]) -> Mapping[Any, list[Any]]:
    """Return what has come of orders, the first delivery first."""
    line, dump = OrderReceiptLine.__table__.c, row_dumper(ReceiptLineOut, _RECEIVED)
    receipt = (OrderReceipt.order_id, OrderReceipt.id, OrderReceipt.received_at, OrderReceipt.received_by)
    stmt = (
        select(*receipt, *(_OF_LOT[name] if name in _OF_LOT else line[name] for name in _RECEIVED))
        .join(OrderReceiptLine, OrderReceiptLine.receipt_id == OrderReceipt.id)
        .join(Lot, Lot.id == OrderReceiptLine.lot_id)
        .where(OrderReceipt.order_id.in_(ids))
        .order_by(OrderReceipt.order_id, OrderReceipt.id, OrderReceiptLine.id)
    )
    receipts: dict[Any, list[Any]] = defaultdict(list)
    for row in connection.execute(stmt):
        of_order = receipts[row.order_id]
        if not of_order or of_order[-1]["id"] != row.id:
            facts = {"id": row.id, "received_at": row.received_at, "received_by": row.received_by}
            of_order.append({**facts, "lines": []})
        of_order[-1]["lines"].append(dump(row[len(receipt) :]))
    return receipts
