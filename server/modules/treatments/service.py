"""Rules of treatments: planned at an open visit, done once, and then taken from stock and charged in one step."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert, select

from server.core import clock, trail as trails
from server.core.access import Actor
from server.core.columns import Expected
from server.core.db import db
from server.core.errors import CodedMessage, Conflict, InvalidTransition, NotFound, ReadOnly, refused
from server.core.ids import new_id
from server.modules.billing.service import charges, fees
from server.modules.doctors.enums import DoctorStatus
from server.modules.doctors.models import Doctor
from server.modules.inventory.enums import Activity
from server.modules.inventory.models import Item
from server.modules.inventory.service import taking
from server.modules.inventory.service.ledger import Cause
from server.modules.patients.service import chart
from server.modules.treatments.enums import TreatmentStatus
from server.modules.treatments.models import Treatment, TreatmentItem
from server.modules.treatments.queries.treatments import SOURCE
from server.modules.visits.service import gate

_PLANNED, _IN_PROGRESS = TreatmentStatus.PLANNED, TreatmentStatus.IN_PROGRESS
_COMPLETED, _CANCELLED = TreatmentStatus.COMPLETED, TreatmentStatus.CANCELLED
# Which status may follow which.
_FOLLOWS: Mapping[str, frozenset[str]] = {
    _PLANNED: frozenset({_IN_PROGRESS, _COMPLETED, _CANCELLED}),
    _IN_PROGRESS: frozenset({_COMPLETED, _CANCELLED}),
}

Lines = Sequence[Mapping[str, Any]]


class TreatmentClosed(Conflict):
    """This treatment is completed or cancelled, and is not changed any more."""

    code = "treatment_closed"


def plan(
    *,
    actor: Actor,
    visit_id: uuid.UUID,
    patient_id: uuid.UUID | None = None,
    doctor_id: uuid.UUID | None = None,
    items_used: Lines = (),
    status: str = _PLANNED,
    **fields: Any,
) -> Treatment:
    """Plan a treatment at an open visit, or begin it; what it uses leaves the stock when it is completed."""
    visit = gate.pass_into(visit_id, patient_id=patient_id)
    treatment = Treatment(
        visit_id=visit_id,
        patient_id=visit.patient_id,
        doctor_id=visit.doctor_id if doctor_id is None else _treating(doctor_id),
        recorded_by=actor.user_id,
        status=status,
        notes=fields.get("notes"),
        tax_rate=0,
    )
    if fields.get("id"):
        treatment.id = fields["id"]
    _set_price(treatment, {name: fields.get(name) for name in _PRICING})
    db.session.add(treatment)
    db.session.flush()
    _write_items(treatment.id, items_used)
    trails.current().about(treatment.id, patient_id=treatment.patient_id)
    return treatment


def change(*, treatment_id: uuid.UUID, expected: Expected, is_whole: bool = False, **changes: Any) -> Treatment:
    """Change a treatment that is not over; a whole one passes over what only its service says."""
    treatment, visit = _at_open_visit(treatment_id)
    if treatment.status not in _FOLLOWS:
        raise TreatmentClosed
    treatment.require(expected)
    if is_whole:
        changes.setdefault("doctor_id", visit.doctor_id)
    # One change is one version, however many tables it looks into.
    with db.session.no_autoflush:
        _write(treatment, changes, passes_over=is_whole)
    db.session.flush()
    return treatment


def _write(treatment: Treatment, changes: Mapping[str, Any], *, passes_over: bool) -> None:
    if changes.get("doctor_id") not in (None, treatment.doctor_id):
        treatment.doctor_id = _treating(changes["doctor_id"])
    _set_price(treatment, {name: changes[name] for name in _PRICING if name in changes}, passes_over=passes_over)
    if "notes" in changes:
        treatment.notes = changes["notes"]
    if changes.get("status", treatment.status) != treatment.status:
        _begin(treatment, changes["status"])
    if "items_used" in changes and _write_items(treatment.id, changes["items_used"]):
        treatment.touch()


def complete(*, actor: Actor, treatment_id: uuid.UUID, witness_id: uuid.UUID | None = None) -> Treatment:
    """Complete a treatment: what it uses is taken from stock and one charge is raised, or nothing happens at all."""
    treatment, _ = _at_open_visit(treatment_id)
    _become(treatment, _COMPLETED)
    treatment.completed_at, treatment.completed_by = clock.now(), actor.user_id
    db.session.flush()
    wanted = [
        taking.Wanted(item_id, quantity, path=f"items_used.{number}")
        for number, (item_id, quantity) in enumerate(_items(treatment.id))
    ]
    cause = Cause(
        activity=Activity.USE, actor=actor, document_type=SOURCE, document_id=treatment.id, witness_id=witness_id
    )
    taking.take(wanted, cause=cause)
    charges.raise_charge(
        actor=actor,
        source_type=SOURCE,
        source_id=treatment.id,
        patient_id=treatment.patient_id,
        visit_id=treatment.visit_id,
        description=treatment.name,
        amount=treatment.price,
        tax_rate=treatment.tax_rate,
        service_on=clock.today(),
        service_id=treatment.service_id,
    )
    return treatment


def cancel(*, treatment_id: uuid.UUID, reason: str | None = None) -> Treatment:
    """Cancel a treatment that is not completed; nothing is used and nothing is charged."""
    treatment, _ = _at_open_visit(treatment_id)
    _become(treatment, _CANCELLED)
    treatment.cancel_reason = reason
    db.session.flush()
    return treatment


def mark_as_error(
    *, actor: Actor, patient_id: uuid.UUID, treatment_id: uuid.UUID, expected: Expected, reason: str
) -> None:
    """Mark a treatment as entered in error and take its open charge back. Again, no change.

    One that was completed is the entry of who completed it. A charge that is on an invoice stays, and the audit row
    says so. What was used is gone from the shelf all the same; a wrong count is put right by counting.
    """
    owners = select(Treatment.completed_by, Treatment.recorded_by).where(Treatment.id == treatment_id)
    completed_by, recorded_by = db.session.execute(owners).one()
    chart.mark_as_error(
        actor=actor,
        model=Treatment,
        patient_id=patient_id,
        entry_id=treatment_id,
        expected=expected,
        reason=reason,
        owner_id=completed_by or recorded_by,
    )
    charges.take_back(source_type=SOURCE, source_id=treatment_id)


def _at_open_visit(treatment_id: uuid.UUID) -> tuple[Treatment, gate.Passed]:
    """Return a treatment, locked, and whose visit it is at, which stays open until the unit of work ends."""
    visit_id = db.session.scalar(select(Treatment.visit_id).where(Treatment.id == treatment_id))
    if visit_id is None:
        raise NotFound
    visit = gate.pass_into(visit_id)
    treatment = db.session.get_one(Treatment, treatment_id, with_for_update=True)
    trails.current().about(treatment.id, patient_id=treatment.patient_id)
    if treatment.is_voided:
        raise chart.EnteredInError
    return treatment, visit


def _become(treatment: Treatment, status: str) -> None:
    if status not in _FOLLOWS.get(treatment.status, ()):
        was, to = (word.replace("_", " ") for word in (treatment.status, status))
        raise InvalidTransition(f"A treatment that is {was} cannot become {to}.")
    treatment.status = status


def _begin(treatment: Treatment, status: str) -> None:
    """Begin a treatment; the other steps have verbs of their own, which do what belongs to them."""
    if status in (_COMPLETED, _CANCELLED, TreatmentStatus.ENTERED_IN_ERROR):
        raise refused("status", why="A treatment is completed, cancelled or deleted by requests of their own.")
    _become(treatment, status)


def _treating(doctor_id: uuid.UUID) -> uuid.UUID:
    found = db.session.scalar(select(Doctor.id).where(Doctor.id == doctor_id, Doctor.status == DoctorStatus.ACTIVE))
    if found is None:
        raise refused("doctor_id", why="There is no such active doctor.")
    return doctor_id


_PRICING = ("service_id", "name", "cost")


def _set_price(treatment: Treatment, changes: Mapping[str, Any], *, passes_over: bool = False) -> None:
    """Copy name, price and tax from the service where there is one, else take the name and the cost that were said."""
    service_id = changes.get("service_id", treatment.service_id)
    if service_id is not None:
        said = [name for name in ("name", "cost") if changes.get(name) is not None]
        if said and not passes_over:
            why = CodedMessage("The fee schedule says this where there is a service.", ReadOnly.code)
            raise ReadOnly({name: [why] for name in said})
        if service_id != treatment.service_id:
            service = fees.priced(service_id)
            treatment.service_id, treatment.name = service.id, service.name
            treatment.price, treatment.tax_rate = service.price, service.tax_rate
        return
    if treatment.service_id is not None:
        # Its name and its price were the service's: what is done instead has a name and a cost of its own.
        treatment.service_id, treatment.tax_rate = None, 0
        changes = {"name": None, "cost": None, **changes}
    if "name" in changes:
        if changes["name"] is None:
            raise refused("name", why="Give a service or a name.")
        treatment.name = changes["name"]
    if "cost" in changes:
        treatment.price = changes["cost"] or 0


def _items(treatment_id: uuid.UUID) -> list[tuple[uuid.UUID, int]]:
    stmt = select(TreatmentItem.item_id, TreatmentItem.quantity).where(TreatmentItem.treatment_id == treatment_id)
    return [(row.item_id, row.quantity) for row in db.session.execute(stmt.order_by(TreatmentItem.id))]


def _write_items(treatment_id: uuid.UUID, lines: Lines) -> bool:
    """Have a treatment use these items, each once and none that is out of use; return whether that is a change."""
    wanted = [(line["item_id"], line["quantity"]) for line in lines]
    if wanted == _items(treatment_id):
        return False
    in_use = set(db.session.scalars(select(Item.id).where(Item.id.in_([one for one, _ in wanted]), Item.is_active)))
    seen: set[uuid.UUID] = set()
    for number, (item_id, _) in enumerate(wanted):
        if item_id not in in_use:
            raise refused(f"items_used.{number}.item_id", why="There is no such item in use.")
        if item_id in seen:
            raise refused(f"items_used.{number}.item_id", why="Each item may be named once.")
        seen.add(item_id)
    table = TreatmentItem.__table__
    db.session.execute(delete(table).where(table.c.treatment_id == treatment_id))
    rows = [
        {"id": new_id(), "treatment_id": treatment_id, "item_id": item_id, "quantity": quantity}
        for item_id, quantity in wanted
    ]
    if rows:
        db.session.execute(insert(table), rows)
    trails.current().changed.add("items_used")
    return True
