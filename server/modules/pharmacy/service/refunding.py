"""Give money back for lines of a sale, and the goods back into stock where somebody says so."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, insert, select

from server.core import clock, trail as trails
from server.core.access import Actor
from server.core.db import db
from server.core.errors import Conflict, NotFound, refused
from server.core.ids import new_id
from server.modules.inventory.enums import Activity
from server.modules.inventory.models import Lot, StockMovement
from server.modules.inventory.service import taking
from server.modules.inventory.service.ledger import Cause
from server.modules.inventory.service.shelves import locked
from server.modules.medications.models import Medication
from server.modules.pharmacy.enums import PaymentMethod
from server.modules.pharmacy.models import Sale, SaleLine, SalePayment, SaleRefund, SaleRefundLine
from server.modules.pharmacy.service.selling import SOURCE
from server.modules.pharmacy.service.totals import refund_of


class RefundExceedsSale(Conflict):
    """So much of this line was not sold, or it was given back already; `refundable` says how much is left of it."""

    code = "refund_exceeds_sale"


def refund(
    *,
    actor: Actor,
    sale_id: uuid.UUID,
    lines: Sequence[Mapping[str, Any]],
    reason: str,
    method: str | None = None,
    restock: bool = False,
    witness_id: uuid.UUID | None = None,
) -> Sale:
    """Refund units of a sale's lines, each its part of what the line cost; all of them give back just that.

    Without a method it is paid back as the first payment came. What is restocked goes back into the lots that it came
    from, whatever expires last of it first.
    """
    sale = db.session.get(Sale, sale_id, with_for_update=True, populate_existing=True)
    if sale is None:
        raise NotFound
    refunded = _refunded(sale_id, lines)
    if restock:
        dispensed = [number for number, (line, _, _) in enumerate(refunded) if line.dispense_id is not None]
        if dispensed:
            why = "What was dispensed goes back into stock when its dispense is reversed: refund this without restock."
            raise refused("restock", *(f"lines.{number}.line_id" for number in dispensed), why=why)
    amount = sum(part for _, _, part in refunded)
    made = SaleRefund(
        id=new_id(),
        sale_id=sale_id,
        amount=amount,
        method=method or _first_method(sale_id),
        reason=reason,
        is_restocked=restock,
        refunded_by=actor.user_id,
        at=clock.now(),
    )
    sale.refunded += amount
    sale.touch()
    db.session.add(made)
    db.session.flush()
    for line, quantity, part in refunded:
        line.refunded_quantity += quantity
        line.refunded_amount += part
    rows = [
        {"id": new_id(), "refund_id": made.id, "line_id": line.id, "quantity": quantity, "amount": part}
        for line, quantity, part in refunded
    ]
    db.session.execute(insert(SaleRefundLine), rows)
    if restock:
        cause = Cause(
            activity=Activity.RETURN,
            actor=actor,
            document_type=SOURCE,
            document_id=sale_id,
            reason=reason,
            witness_id=witness_id,
        )
        _restock(refunded, cause)
    trails.current().about(sale_id, patient_id=sale.patient_id)
    return sale


def _refunded(sale_id: uuid.UUID, wanted: Sequence[Mapping[str, Any]]) -> list[tuple[SaleLine, int, int]]:
    """Return the lines that are refunded, how many units of each, and what for; their sale is locked."""
    stmt = select(SaleLine).where(SaleLine.sale_id == sale_id).execution_options(populate_existing=True)
    of_sale = {line.id: line for line in db.session.scalars(stmt)}
    found: list[tuple[SaleLine, int, int]] = []
    seen: set[uuid.UUID] = set()
    for number, one in enumerate(wanted):
        line, quantity = of_sale.get(one["line_id"]), one["quantity"]
        if line is None:
            raise refused(f"lines.{number}.line_id", why="This sale has no such line.")
        if line.id in seen:
            raise refused(f"lines.{number}.line_id", why="Name each line once.")
        seen.add(line.id)
        left = line.quantity - line.refunded_quantity
        if quantity > left:
            errors = {f"lines.{number}.quantity": [f"Of this line {left} can be refunded."]}
            raise RefundExceedsSale(errors=errors, line_id=line.id, refundable=left, requested=quantity)
        found.append((line, quantity, refund_of(line.total, line.quantity, line.refunded_quantity, quantity)))
    return found


def _first_method(sale_id: uuid.UUID) -> str:
    stmt = select(SalePayment.method).where(SalePayment.sale_id == sale_id).order_by(SalePayment.id).limit(1)
    return db.session.scalar(stmt) or PaymentMethod.CASH


def _restock(refunded: Sequence[tuple[SaleLine, int, int]], cause: Cause) -> None:
    """Put units back into the lots that they were taken of, in the opposite order."""
    ids = {line.medication_id for line, _, _ in refunded}
    items = dict(db.session.execute(select(Medication.id, Medication.item_id).where(Medication.id.in_(ids))).all())
    units: Counter[uuid.UUID] = Counter()
    for line, quantity, _ in refunded:
        units[items[line.medication_id]] += quantity
    locked(units)
    lots: dict[uuid.UUID, int] = {}
    for item_id, lot_id, out in _out_of(cause, units):
        part = min(units[item_id], out)
        if part > 0:
            lots[lot_id] = part
            units[item_id] -= part
    if any(units.values()):
        raise taking.NotTaken
    taking.put_back(cause=cause, lots=lots)


def _out_of(cause: Cause, items: Counter[uuid.UUID]) -> list[tuple[uuid.UUID, uuid.UUID, int]]:
    """Return how many units of which lot a sale has taken that have not come back; what was taken last comes first."""
    out = -func.sum(StockMovement.quantity_changed_by)
    stmt = (
        select(StockMovement.item_id, Lot.id, out)
        .join(Lot, Lot.id == StockMovement.lot_id)
        .where(
            StockMovement.document_type == cause.document_type,
            StockMovement.document_id == cause.document_id,
            StockMovement.item_id.in_(items),
        )
        .group_by(StockMovement.item_id, Lot.id, Lot.expires_on, Lot.received_at)
        .order_by(Lot.expires_on.is_not(None), Lot.expires_on.desc(), Lot.received_at.desc(), Lot.id.desc())
    )
    return [(item_id, lot_id, int(count)) for item_id, lot_id, count in db.session.execute(stmt)]
