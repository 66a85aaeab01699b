"""Prepare what is handed out on a prescription, and hand it out: stock, dispense and progress in one step."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update

from server.core import clock, state
from server.core.access import Actor
from server.core.db import db
from server.core.ids import new_id
from server.modules.inventory.enums import Activity
from server.modules.inventory.service.ledger import Cause
from server.modules.inventory.service.shelves import Shelf, locked
from server.modules.pharmacy.service.dispensing import lines as asking, open as opening, stock
from server.modules.pharmacy.service.dispensing.fills import filled_items
from server.modules.pharmacy.service.dispensing.lines import Line
from server.modules.pharmacy.service.dispensing.notices import tell_ready
from server.modules.pharmacy.service.dispensing.refusals import NoRefillsRemaining, TwoPersonsRequired
from server.modules.prescriptions.enums import DispenseStatus, Stage
from server.modules.prescriptions.models import Dispense, DispenseLot, Prescription, PrescriptionItem
from server.modules.prescriptions.service import checks
from server.modules.prescriptions.service.progress import after_dispense
from server.modules.prescriptions.service.reaching import held

Ids = list[uuid.UUID]


def prepare(
    *, actor: Actor, patient_id: uuid.UUID, prescription_id: uuid.UUID, allow_partial: bool = False, **asked: Any
) -> Ids:
    """Lay ready what a prescription allows: its units are kept until a pharmacist hands them out, or it is cancelled.

    What is asked of allergies, interactions and of the time of a refill is asked when it is handed out.
    """
    prescription = held(prescription_id, patient_id=patient_id)
    opening.require_open(prescription)
    made = []
    for portion, shelf in _portions(asking.to_prepare(filled_items(prescription.id), asked), partly=allow_partial):
        dispense = _begin(prescription, portion)
        lots = stock.reserve(portion, dispense_id=dispense.id, actor=actor)
        dispense.status = DispenseStatus.PREPARED
        dispense.prepared_by, dispense.prepared_at = actor.user_id, clock.now()
        _write(dispense, lots, shelf)
        made.append(dispense.id)
    tell_ready(prescription.patient_id, made[0])
    return made


def fill(
    *,
    actor: Actor,
    patient_id: uuid.UUID,
    prescription_id: uuid.UUID,
    allow_partial: bool = False,
    acknowledge: Collection[str] = (),
    override_reason: str | None = None,
    **asked: Any,
) -> Ids:
    """Hand out what is laid ready, else what a prescription allows now, of the lots that expire first or are named."""
    prescription = held(prescription_id, patient_id=patient_id)
    opening.require_open(prescription)
    lines = asking.to_fill(filled_items(prescription.id), asked)
    _require_two(lines, actor)
    opening.require_due(lines, actor=actor, patient_id=prescription.patient_id, override_reason=override_reason)
    answer: dict[str, Any] = {"acknowledge": acknowledge, "override_reason": override_reason}
    findings = opening.answered(prescription, actor=actor, **answer)
    ready = [line for line in lines if line.fill is None]
    fresh = [line for line in lines if line.fill is not None]
    act = _Act(actor, override_reason)
    # All shelves at once, for whoever takes several takes them in one order.
    products = stock.products_of(lines)
    locked(product.item_id for product in products.values())
    made = [dispense_id for line in ready for dispense_id in act.release(line, products)]
    made += [act.hand_out(prescription, portion, shelf) for portion, shelf in _portions(fresh, partly=allow_partial)]
    if findings:
        checks.keep(
            findings, prescription_id=prescription.id, stage=Stage.FILL, actor=actor, dispense_id=made[0], **answer
        )
    after_dispense(prescription)
    if fresh:
        tell_ready(prescription.patient_id, made[-1])
    return made


class _Act:
    """Somebody hands out: what moves at once is one transaction of the ledger."""

    def __init__(self, actor: Actor, override_reason: str | None) -> None:
        self._actor = actor
        self._reason = override_reason
        self._id = new_id()

    def hand_out(self, prescription: Prescription, portion: stock.Portion, shelf: Shelf) -> uuid.UUID:
        """Take a portion off the shelf and write its dispense; return the id."""
        dispense = _begin(prescription, portion)
        lots = stock.take(portion, cause=self._cause(dispense.id))
        self._finish(dispense, portion.product)
        _write(dispense, lots, shelf)
        return dispense.id

    def release(self, line: Line, products: Mapping[uuid.UUID, Any]) -> Ids:
        """Hand out what is laid ready of a line; return the ids of its dispenses."""
        prepared = line.filled.prepared
        for dispense in prepared:
            product = products[dispense.medication_id]
            before = _lots_of(dispense.id)
            lots = stock.take_prepared(product.item_id, before, cause=self._cause(dispense.id))
            if sorted(lots) != sorted(before):
                _write_lots(dispense.id, lots)
            self._finish(dispense, product)
        db.session.flush()
        return [one.id for one in prepared]

    def _cause(self, dispense_id: uuid.UUID) -> Cause:
        return Cause(
            activity=Activity.FILL,
            actor=self._actor,
            document_type=stock.SOURCE,
            document_id=dispense_id,
            transaction_id=self._id,
        )

    def _finish(self, dispense: Dispense, product: Any) -> None:
        dispense.status = DispenseStatus.FILLED
        dispense.filled_by, dispense.filled_at = self._actor.user_id, clock.now()
        dispense.unit_price, dispense.tax_rate = product.price_per_unit, product.tax_rate
        dispense.override_reason = self._reason


def _portions(lines: Sequence[Line], *, partly: bool) -> list[tuple[stock.Portion, Shelf]]:
    """Return how much of each line is there, each with its shelf, locked, as it is before anything is taken."""
    if not lines:
        return []
    products = stock.products_of(lines)
    shelves = locked(product.item_id for product in products.values())
    found = stock.portions(lines, shelves, products, partly=partly)
    return [(one, shelves[one.product.item_id]) for one in found]


def _require_two(lines: Sequence[Line], actor: Actor) -> None:
    if not state.settings().dispense_two_persons:
        return
    for line in lines:
        prepared = line.filled.prepared
        if line.fill is not None or any(one.prepared_by == actor.user_id for one in prepared):
            raise TwoPersonsRequired


def _begin(prescription: Prescription, portion: stock.Portion) -> Dispense:
    """Return a dispense that is not written yet, its units counted as dispensed: never more than is prescribed."""
    item, fill = portion.line.filled.item, portion.line.fill
    if fill is None:
        raise ValueError("what is laid ready was begun before")
    count(item.id, portion.quantity)
    return Dispense(
        id=new_id(),
        prescription_id=prescription.id,
        item_id=item.id,
        medication_id=item.medication_id,
        patient_id=prescription.patient_id,
        fill_number=fill.number,
        quantity=portion.quantity,
        unit_price=portion.product.price_per_unit,
        tax_rate=portion.product.tax_rate,
    )


def count(item_id: uuid.UUID, change: int) -> None:
    """Count units of an item as dispensed, or no more; raise `NoRefillsRemaining` where that is more than all."""
    table = PrescriptionItem.__table__
    dispensed = table.c.dispensed + change
    fits = (dispensed >= 0) & (dispensed <= table.c.quantity * (1 + table.c.refills_allowed))
    stmt = update(table).where(table.c.id == item_id, fits).values(dispensed=dispensed)
    if db.session.connection().execute(stmt).rowcount != 1:
        raise NoRefillsRemaining(item_id=item_id)


def _write(dispense: Dispense, lots: stock.Taken, shelf: Shelf) -> None:
    skipped = stock.passed_over(shelf, {lot_id for lot_id, _ in lots})
    dispense.skipped = [{**one, "lot_id": str(one["lot_id"])} for one in skipped]
    db.session.add(dispense)
    db.session.flush()
    _write_lots(dispense.id, lots)


def _lots_of(dispense_id: uuid.UUID) -> list[tuple[uuid.UUID, int]]:
    stmt = select(DispenseLot.lot_id, DispenseLot.quantity).where(DispenseLot.dispense_id == dispense_id)
    return [(lot_id, quantity) for lot_id, quantity in db.session.execute(stmt)]


def _write_lots(dispense_id: uuid.UUID, lots: stock.Taken) -> None:
    """Write of which lots a dispense is; of those it was laid ready of before no more."""
    db.session.execute(delete(DispenseLot).where(DispenseLot.dispense_id == dispense_id))
    units: Counter[uuid.UUID] = Counter()
    for lot_id, quantity in lots:
        units[lot_id] += quantity
    rows = [{"id": new_id(), "dispense_id": dispense_id, "lot_id": lot, "quantity": n} for lot, n in units.items()]
    db.session.execute(insert(DispenseLot.__table__), rows)
