"""The register of controlled drugs: a line for each movement of their stock, which nobody else writes.

Two people stand by whatever moves controlled stock, through every door, but for two: what is filled leaves on a
prescription, which a pharmacist answers for, and what comes in comes with a delivery.
"""

from __future__ import annotations

import hashlib
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select

from server.core import clock
from server.core.access import Actor
from server.core.counters import next_number
from server.core.db import db
from server.core.errors import Conflict, NotFound
from server.core.ids import new_id
from server.modules.inventory import signals
from server.modules.inventory.enums import Activity
from server.modules.inventory.models import StockMovement
from server.modules.inventory.service import adjusting
from server.modules.inventory.service.ledger import Cause, Moved, Step
from server.modules.inventory.service.witness import WitnessRequired
from server.modules.medications.models import Medication
from server.modules.pharmacy.models import ControlledEntry

# As what a line of the register is known to the ledger of stock.
SOURCE = "controlled_entry"

_BY_ONE_PERSON = frozenset({Activity.ADD, Activity.FILL})


class RegisterClosed(Conflict):
    """This product is not, or no more, in the register of that drug; nothing of it can be corrected there."""

    code = "register_closed"


@dataclass(frozen=True, slots=True)
class _Drug:
    medication_id: uuid.UUID
    key: str


def install() -> None:
    """Have controlled stock move before a witness only, and write down each movement of it."""
    signals.stock_moving.connect(_require_witness)
    signals.stock_moved.connect(_write)


def correct(
    *,
    actor: Actor,
    entry_id: uuid.UUID,
    quantity_changed_by: int,
    reason: str,
    witness_id: uuid.UUID | None,
    lot_id: uuid.UUID | None = None,
) -> uuid.UUID:
    """Correct a line by a new one, which moves the stock as well; return the new line's id.

    It is of the lot that the corrected line moved, unless another is named.
    """
    of_movement = (StockMovement.item_id, StockMovement.lot_id, ControlledEntry.drug_key)
    stmt = select(*of_movement, Medication.controlled_schedule, Medication.drug_key.label("present_key"))
    stmt = stmt.join(StockMovement, StockMovement.id == ControlledEntry.movement_id)
    stmt = stmt.join(Medication, Medication.id == ControlledEntry.medication_id)
    entry = db.session.execute(stmt.where(ControlledEntry.id == entry_id)).first()
    if entry is None:
        raise NotFound
    if entry.controlled_schedule is None or entry.present_key != entry.drug_key:
        raise RegisterClosed
    cause = Cause(
        activity=Activity.ADJUST,
        actor=actor,
        document_type=SOURCE,
        document_id=entry_id,
        reason=reason,
        witness_id=witness_id,
    )
    moved = adjusting.adjust(
        item_id=entry.item_id, adjustment=quantity_changed_by, cause=cause, lot_id=lot_id or entry.lot_id
    )
    written = select(ControlledEntry.id).where(ControlledEntry.movement_id == moved[-1].id)
    return db.session.execute(written).scalar_one()


def _require_witness(_sender: object, *, steps: Sequence[Step], cause: Cause) -> None:
    if cause.activity in _BY_ONE_PERSON or cause.witness_id is not None:
        return
    if _controlled(step.shelf.item_id for step in steps):
        raise WitnessRequired({"witness": [WitnessRequired.default_message()]})


def _write(_sender: object, *, moved: Sequence[Moved], cause: Cause) -> None:
    """Write the lines of what has moved, drug after drug, so that two who move several never wait for each other."""
    drugs = _controlled(one.item_id for one in moved)
    of_drug: dict[str, list[Moved]] = defaultdict(list)
    for one in moved:
        if one.item_id in drugs:
            of_drug[drugs[one.item_id].key].append(one)
    for key in sorted(of_drug):
        _write_drug(key, of_drug[key], drugs, cause)


def _write_drug(key: str, moved: Sequence[Moved], drugs: dict[uuid.UUID, _Drug], cause: Cause) -> None:
    """Write the lines of one drug, whose last number is held until the unit of work ends."""
    last = next_number(db.session.connection(), _counter_of(key), count=len(moved))
    before = select(ControlledEntry.balance).where(ControlledEntry.drug_key == key)
    balance = db.session.scalar(before.order_by(ControlledEntry.number.desc()).limit(1)) or 0
    now, lines = clock.now(), []
    for number, one in enumerate(moved, last - len(moved) + 1):
        balance += one.change
        lines.append(
            {
                "id": new_id(),
                "drug_key": key,
                "number": number,
                "medication_id": drugs[one.item_id].medication_id,
                "movement_id": one.id,
                "corrects_id": cause.document_id if cause.document_type == SOURCE else None,
                "change": one.change,
                "balance": balance,
                "reason": cause.reason,
                "document_type": cause.document_type,
                "document_id": cause.document_id,
                "user_id": cause.actor.user_id if cause.actor else None,
                "witness_id": cause.witness_id,
                "at": now,
            }
        )
    db.session.execute(insert(ControlledEntry.__table__), lines)


def _controlled(item_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, _Drug]:
    """Return which of some items are controlled drugs."""
    stmt = select(Medication.item_id, Medication.id, Medication.drug_key)
    stmt = stmt.where(Medication.item_id.in_(set(item_ids)), Medication.controlled_schedule.is_not(None))
    return {item_id: _Drug(medication_id, key) for item_id, medication_id, key in db.session.execute(stmt)}


def _counter_of(drug_key: str) -> str:
    """Return the name under which the lines of a drug are counted: as long as counters' names may be."""
    return f"controlled.{hashlib.sha256(drug_key.encode()).hexdigest()[:29]}"
