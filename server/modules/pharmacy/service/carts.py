"""What somebody wants to buy, at the prices of the house: medications from the shelf, and dispenses that are ready."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from server.core import state
from server.core.db import db
from server.core.errors import Conflict, Invalid, refused
from server.core.money import format_money
from server.modules.inventory.service.taking import Wanted
from server.modules.medications.models import Medication
from server.modules.medications.service import catalogue
from server.modules.patients.enums import PatientStatus
from server.modules.patients.models import Patient
from server.modules.pharmacy.models import DispenseSold
from server.modules.pharmacy.service.totals import Cost, cost_of
from server.modules.prescriptions.enums import DispenseStatus
from server.modules.prescriptions.models import Dispense

Lines = Sequence[Mapping[str, Any]]


class PrescriptionRequired(Invalid):
    """This is handed out by prescription only: fill one, and sell the dispense."""

    code = "prescription_required"


class PriceChanged(Conflict):
    """The price is another one by now.

    `unit_price` is the present one; `prices` lists those of all lines that differ.
    """

    code = "price_changed"


class DispenseNotFilled(Conflict):
    """This dispense is not filled, or it was reversed; `dispense_status` says which."""

    code = "dispense_not_filled"


@dataclass(frozen=True, slots=True)
class Priced:
    """A line of a cart as the house sells it."""

    medication_id: uuid.UUID
    dispense_id: uuid.UUID | None
    item_id: uuid.UUID
    description: str
    quantity: int
    unit_price: int
    tax_rate: int
    path: str

    @property
    def cost(self) -> Cost:
        """What it costs."""
        return cost_of(self.quantity, self.unit_price, self.tax_rate)

    @property
    def wanted(self) -> Wanted | None:
        """What leaves the shelf for it: what was dispensed has left already."""
        return None if self.dispense_id else Wanted(self.item_id, self.quantity, path=self.path)


@dataclass(frozen=True, slots=True)
class Cart:
    """What is bought, and by whom where that is known; patient, dispenses and prices stay as they are until the end."""

    patient_id: uuid.UUID | None
    lines: list[Priced]


def priced(lines: Lines, patient_id: uuid.UUID | None) -> Cart:
    """Return a cart at the prices of the house, or raise what is in the way of its sale."""
    patient_id = _patient_of(lines, patient_id)
    dispenses = _locked_dispenses(lines)
    ids = {one["medication_id"] for one in lines if one.get("medication_id")}
    medications = _held_medications(ids | {one.medication_id for one in dispenses.values()})
    found = []
    for number, line in enumerate(lines):
        path = f"lines.{number}"
        dispense = dispenses.get(line.get("dispense_id"))
        if dispense is None:
            found.append(_from_shelf(catalogue.require(line["medication_id"], f"{path}.medication_id"), line, path))
        else:
            found.append(_dispensed(dispense, medications[dispense.medication_id], line, path))
    _require_same_prices(lines, found)
    return Cart(patient_id, found)


def _patient_of(lines: Lines, patient_id: uuid.UUID | None) -> uuid.UUID | None:
    """Return who buys: the patient that is named, or whose dispenses they are; a merge waits until the end."""
    named = [line["dispense_id"] for line in lines if line.get("dispense_id")]
    stmt = select(Dispense.id, Dispense.patient_id).where(Dispense.id.in_(named))
    whose = {row.id: row.patient_id for row in db.session.execute(stmt)}
    for number, line in enumerate(lines):
        dispense_id, path = line.get("dispense_id"), f"lines.{number}.dispense_id"
        if dispense_id is None:
            continue
        if dispense_id not in whose:
            raise refused(path, why="There is no such dispense.")
        if named.count(dispense_id) > 1:
            raise refused(path, why="A dispense is sold once.")
        if whose[dispense_id] != (patient_id or whose[named[0]]):
            raise refused(path, why="This was dispensed for another patient.")
    buyer = patient_id or (whose[named[0]] if named else None)
    if buyer is not None:
        stands = select(Patient.id).where(Patient.id == buyer, Patient.status != PatientStatus.MERGED)
        if db.session.scalar(stands.with_for_update(read=True, key_share=True)) is None:
            raise refused("patient_id", why="There is no such patient.")
    return buyer


def _locked_dispenses(lines: Lines) -> dict[Any, Row[Any]]:
    """Return the dispenses that are bought, locked; raise where one is not to be sold, or sold already."""
    paths = {line["dispense_id"]: f"lines.{n}.dispense_id" for n, line in enumerate(lines) if line.get("dispense_id")}
    table = Dispense.__table__
    stmt = select(table).where(table.c.id.in_(paths)).order_by(table.c.id).with_for_update()
    found = {row.id: row for row in db.session.execute(stmt)}
    for dispense_id, path in paths.items():
        row = found[dispense_id]
        if row.settled_id is not None:
            raise DispenseSold(errors={path: [DispenseSold.default_message()]})
        if row.status != DispenseStatus.FILLED:
            raise DispenseNotFilled(
                errors={path: [f"This dispense is {row.status}."]}, dispense_id=dispense_id, dispense_status=row.status
            )
    return found


def _held_medications(medication_ids: set[uuid.UUID]) -> dict[uuid.UUID, Medication]:
    """Return medications that nobody changes until the unit of work ends; many may be sold at once."""
    stmt = select(Medication).where(Medication.id.in_(medication_ids)).order_by(Medication.id)
    held = stmt.with_for_update(read=True, key_share=True).execution_options(populate_existing=True)
    return {one.id: one for one in db.session.scalars(held)}


def _from_shelf(medication: Medication, line: Mapping[str, Any], path: str) -> Priced:
    if medication.prescription_required:
        raise PrescriptionRequired({f"{path}.medication_id": [PrescriptionRequired.default_message()]})
    return Priced(
        medication_id=medication.id,
        dispense_id=None,
        item_id=medication.item_id,
        description=medication.name,
        quantity=line["quantity"],
        unit_price=medication.price_per_unit,
        tax_rate=medication.tax_rate,
        path=path,
    )


def _dispensed(dispense: Row[Any], medication: Medication, line: Mapping[str, Any], path: str) -> Priced:
    if line.get("quantity") not in (None, dispense.quantity):
        raise refused(f"{path}.quantity", why=f"A dispense is sold whole: this one is {dispense.quantity}.")
    return Priced(
        medication_id=medication.id,
        dispense_id=dispense.id,
        item_id=medication.item_id,
        description=medication.name,
        quantity=dispense.quantity,
        unit_price=dispense.unit_price,
        tax_rate=dispense.tax_rate,
        path=path,
    )


def _require_same_prices(lines: Lines, found: Sequence[Priced]) -> None:
    """Raise `PriceChanged` where somebody was told another price than there is."""
    currency = state.settings().clinic_currency
    changed = [
        {"line": number, "medication_id": one.medication_id, "unit_price": format_money(one.unit_price, currency)}
        for number, (line, one) in enumerate(zip(lines, found, strict=True))
        if line.get("unit_price") not in (None, one.unit_price)
    ]
    if changed:
        errors = {f"lines.{one['line']}.unit_price": [f"This is {one['unit_price']} now."] for one in changed}
        raise PriceChanged(errors=errors, unit_price=changed[0]["unit_price"], prices=changed)
