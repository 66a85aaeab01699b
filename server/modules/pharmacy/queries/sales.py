"""Find sales, each with its lines, payments and refunds."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from marshmallow import Schema
from sqlalchemy import Connection, Select, exists, select
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql import ColumnElement

from server.core.clock import begin_of, end_of
from server.core.dump import columns_of, row_dumper
from server.core.errors import NotFound
from server.core.listing import ListSpec, Page, fetch_page
from server.modules.patients.models import Patient
from server.modules.pharmacy.models import Sale, SaleLine, SalePayment, SaleRefund, SaleRefundLine
from server.modules.pharmacy.schemas.sales import RefundLineOut, RefundOut, SaleLineOut, SaleOut, SalePaymentOut

_PARTS = ("lines", "payments", "refunds")
_JOINED: Mapping[str, Any] = {
    "patient_first_name": Patient.first_name.label("patient_first_name"),
    "patient_last_name": Patient.last_name.label("patient_last_name"),
    "patient_mrn": Patient.mrn.label("patient_mrn"),
}
_OWN = tuple(name for name in columns_of(SaleOut) if name not in _PARTS)
# The columns of a row as it is answered: what comes from statements of its own is last.
COLUMNS = (*_OWN, *_PARTS)
_ID = _OWN.index("id")

LIST = ListSpec(sorts={"timestamp": Sale.sold_at}, tie=Sale.id, default="-timestamp")

Parts = dict[uuid.UUID, list[dict[str, Any]]]


def _is_paid_by(method: str) -> ColumnElement[bool]:
    return exists().where(SalePayment.sale_id == Sale.id, SalePayment.method == method).correlate(Sale)


_FILTERS: Mapping[str, Callable[[Any], ColumnElement[bool]]] = {
    "patient_id": lambda patient_id: Sale.patient_id == patient_id,
    "user_id": lambda user_id: Sale.sold_by == user_id,
    "receipt_number": lambda number: Sale.receipt_number == number,
    "method": _is_paid_by,
    "from": lambda bound: Sale.sold_at >= begin_of(bound),
    "to": lambda bound: Sale.sold_at < end_of(bound),
}


def page_of_sales(connection: Connection, query: Mapping[str, Any]) -> Page:
    """Return one page of the sales."""
    stmt = _rows().where(*(_FILTERS[name](query[name]) for name in _FILTERS if name in query))
    page = fetch_page(connection, stmt, LIST, query)
    return replace(page, columns=COLUMNS, rows=_with_parts(connection, page.rows))


def sale_row(connection: Connection, sale_id: uuid.UUID) -> Sequence[Any]:
    """Return one sale, or raise `NotFound`."""
    found = connection.execute(_rows().where(Sale.id == sale_id)).all()
    if not found:
        raise NotFound
    return _with_parts(connection, found)[0]


def _rows() -> Select[Any]:
    columns = (_JOINED[name] if name in _JOINED else Sale.__table__.c[name] for name in _OWN)
    return select(*columns).outerjoin(Patient, Patient.id == Sale.patient_id)


def _with_parts(connection: Connection, rows: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
    """Add lines, payments and refunds, in four statements whatever the number of rows."""
    if not rows:
        return []
    ids = [row[_ID] for row in rows]
    lines = _parts_of(connection, ids, SaleLineOut, SaleLine.position)
    payments = _parts_of(connection, ids, SalePaymentOut, SalePayment.id)
    refunds = _refunds_of(connection, ids)
    return [(*row, *(parts.get(row[_ID], []) for parts in (lines, payments, refunds))) for row in rows]


def _parts_of(
    connection: Connection, sale_ids: Sequence[uuid.UUID], schema: type[Schema], order: InstrumentedAttribute[Any]
) -> Parts:
    table, names = order.class_.__table__, tuple(columns_of(schema))
    dump = row_dumper(schema, names)
    stmt = select(*(table.c[name] for name in names), table.c.sale_id).where(table.c.sale_id.in_(sale_ids))
    found: Parts = defaultdict(list)
    for row in connection.execute(stmt.order_by(order)):
        found[row[-1]].append(dump(row))
    return found


def _refunds_of(connection: Connection, ids: Sequence[uuid.UUID]) -> Parts:
    names = tuple(columns_of(RefundOut))
    dump = row_dumper(RefundOut, names)
    columns = (SaleRefund.__table__.c[name] for name in names if name != "lines")
    stmt = select(*columns, SaleRefund.sale_id).where(SaleRefund.sale_id.in_(ids)).order_by(SaleRefund.id)
    rows = connection.execute(stmt).all()
    of_refund = _lines_of_refunds(connection, ids)
    found: Parts = defaultdict(list)
    for row in rows:
        facts = row._asdict()
        found[row.sale_id].append(dump([of_refund[row.id] if name == "lines" else facts[name] for name in names]))
    return found


def _lines_of_refunds(connection: Connection, sale_ids: Sequence[uuid.UUID]) -> Parts:
    names = tuple(columns_of(RefundLineOut))
    dump = row_dumper(RefundLineOut, names)
    of_sales = select(SaleRefund.id).where(SaleRefund.sale_id.in_(sale_ids))
    columns = (SaleRefundLine.__table__.c[name] for name in names)
    stmt = select(*columns, SaleRefundLine.refund_id).where(SaleRefundLine.refund_id.in_(of_sales))
    found: Parts = defaultdict(list)
    for row in connection.execute(stmt.order_by(SaleRefundLine.id)):
        found[row[-1]].append(dump(row))
    return found
