"""Sell over the counter: prices, stock, payment and receipt in one step or not at all."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert, update

from server.core import clock, trail as trails
from server.core.access import Actor
from server.core.counters import next_number
from server.core.db import db
from server.core.ids import new_id
from server.modules.inventory.enums import Activity
from server.modules.inventory.service import taking
from server.modules.inventory.service.ledger import Cause
from server.modules.pharmacy.models import Sale, SaleLine, SalePayment
from server.modules.pharmacy.service.carts import Cart, Lines, priced
from server.modules.pharmacy.service.totals import change_of, sum_of
from server.modules.prescriptions.models import Dispense

# As what a sale is known to the ledger of stock and to dispenses.
SOURCE = "sale"

Payments = Sequence[Mapping[str, Any]]


def sell(
    *,
    actor: Actor,
    lines: Lines,
    payments: Payments | None = None,
    payment_method: str | None = None,
    patient_id: uuid.UUID | None = None,
    id: uuid.UUID | None = None,  # noqa: A002 - it is the field's name
) -> Sale:
    """Sell a cart at the prices of the house: what is not dispensed yet leaves the stock, what expires first before it.

    The receipts' numbers have no gaps, so they are the last thing that a sale waits for.
    """
    cart = priced(lines, patient_id)
    cost = sum_of([one.cost for one in cart.lines])
    paid = _in_one(payment_method, cost.total) if payment_method else payments or ()
    change = change_of(paid, cost.total)
    sale = Sale(id=id or new_id(), patient_id=cart.patient_id, sold_by=actor.user_id, sold_at=clock.now())
    wanted = [one.wanted for one in cart.lines if one.wanted is not None]
    cause = Cause(activity=Activity.SALE, actor=actor, document_type=SOURCE, document_id=sale.id)
    taking.take(wanted, cause=cause)
    sale.subtotal, sale.tax, sale.total, sale.change, sale.refunded = cost.subtotal, cost.tax, cost.total, change, 0
    sale.receipt_number = f"R-{next_number(db.session.connection(), 'sales.receipt_number'):06}"
    db.session.add(sale)
    db.session.flush()
    _write_lines(sale.id, cart)
    _write_payments(sale.id, paid)
    _settle(sale.id, cart)
    trails.current().about(sale.id, patient_id=sale.patient_id)
    return sale


def _in_one(method: str, total: int) -> Payments:
    return [{"method": method, "amount": total}] if total else []


def _write_lines(sale_id: uuid.UUID, cart: Cart) -> None:
    rows = [
        {
            "id": new_id(),
            "sale_id": sale_id,
            "position": position,
            "medication_id": one.medication_id,
            "dispense_id": one.dispense_id,
            "description": one.description,
            "quantity": one.quantity,
            "unit_price": one.unit_price,
            "tax_rate": one.tax_rate,
            "subtotal": one.cost.subtotal,
            "tax": one.cost.tax,
            "total": one.cost.total,
        }
        for position, one in enumerate(cart.lines)
    ]
    db.session.execute(insert(SaleLine), rows)


def _write_payments(sale_id: uuid.UUID, payments: Payments) -> None:
    rows = [
        {
            "id": new_id(),
            "sale_id": sale_id,
            "method": one["method"],
            "amount": one["amount"],
            "reference": one.get("reference"),
        }
        for one in payments
    ]
    if rows:
        db.session.execute(insert(SalePayment), rows)


def _settle(sale_id: uuid.UUID, cart: Cart) -> None:
    dispenses = [one.dispense_id for one in cart.lines if one.dispense_id is not None]
    if dispenses:
        table = Dispense.__table__
        settled = {"settled_type": SOURCE, "settled_id": sale_id}
        stamps = {"version": table.c.version + 1, "updated_at": clock.now()}
        db.session.execute(update(table).where(table.c.id.in_(dispenses)).values(settled | stamps))
