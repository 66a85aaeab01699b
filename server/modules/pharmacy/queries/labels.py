"""What stands on the labels of a prescription, and on the prescription itself when it is printed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from server.core import clock
from server.modules.doctors.queries.clinic import clinic_name, clinic_row
from server.modules.medications.models import Medication
from server.modules.pharmacy.directions import directions
from server.modules.pharmacy.queries import dispenses
from server.modules.prescriptions.enums import DispenseStatus
from server.modules.prescriptions.models import Dispense
from server.modules.prescriptions.queries.prescriptions import one

Shown = dict[str, Any]

_LIVE = (DispenseStatus.PREPARED, DispenseStatus.FILLED)
_SAID = ("address", "phone", "email")
_STANDING = ("active", "partially_filled", "filled")


def of_prescription(connection: Connection, prescription_id: uuid.UUID, *, as_patient: bool) -> Shown:
    """Return a prescription with how it is taken in words and with who prints it; a patient's drafts are not found."""
    found = one(connection, prescription_id, in_full=False, as_patient=as_patient)
    facts = _facts(connection, [item["medication_id"] for item in found["items"]])
    for item in found["items"]:
        item["medication"] = {**item["medication"], **facts[item["medication_id"]]}
        item["directions"] = directions(item)
    return {**found, "pharmacy": {"name": clinic_name(connection), **clinic_row(connection, _SAID)._asdict()}}


def labels_of(connection: Connection, prescription_id: uuid.UUID, *, as_patient: bool) -> Shown:
    """Return what stands on the labels, one for each item: of what was handed out or laid ready last, if any."""
    found = of_prescription(connection, prescription_id, as_patient=as_patient)
    last = _last_dispenses(connection, prescription_id)
    patient = found["patient"]
    return {
        "prescription_id": found["id"],
        "rx_number": found["rx_number"],
        "patient": {name: patient[name] for name in ("id", "name", "mrn", "date_of_birth")},
        "prescriber": found["prescriber"],
        "date_prescribed": found["date_prescribed"],
        "expires_on": found["expires_on"],
        "pharmacy": found["pharmacy"],
        "labels": [_label(item, last.get(item["id"]), found["status"]) for item in found["items"]],
    }


def _label(item: Shown, dispense: Shown | None, status: str) -> Shown:
    lots = dispense["lots"] if dispense else []
    use_by = min((lot["expires_on"] for lot in lots if lot["expires_on"]), default=None)
    return {
        "item_id": item["id"],
        "medication": item["medication"],
        "directions": item["directions"],
        "quantity": dispense["quantity"] if dispense else item["quantity"],
        "refills_left": item["refills_left"],
        "dispense_id": dispense["id"] if dispense else None,
        "fill_number": dispense["fill_number"] if dispense else None,
        "date": _day_of(dispense) if dispense else None,
        "lots": lots,
        "use_by": use_by,
        "warnings": _warnings(item, status),
    }


def _day_of(dispense: Shown) -> Any:
    at = dispense["filled_at"] or dispense["prepared_at"]
    return at.astimezone(clock.clinic_zone()).date()


def _warnings(item: Shown, status: str) -> list[str]:
    warnings = ["Keep out of the reach of children."]
    if item["medication"]["controlled_schedule"]:
        warnings.append("Controlled drug: it is against the law to give it to anybody for whom it was not prescribed.")
    if status not in _STANDING:
        warnings.append(f"This prescription is {status.replace('_', ' ')}.")
    return warnings


def _facts(connection: Connection, medication_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Mapping[str, Any]]:
    names = ("strength", "form", "manufacturer")
    stmt = select(Medication.id, *(getattr(Medication, name) for name in names))
    found = connection.execute(stmt.where(Medication.id.in_(medication_ids)))
    return {row.id: {name: getattr(row, name) for name in names} for row in found}


def _last_dispenses(connection: Connection, prescription_id: uuid.UUID) -> dict[uuid.UUID, Shown]:
    stmt = select(Dispense.id).where(Dispense.prescription_id == prescription_id, Dispense.status.in_(_LIVE))
    ids = list(connection.scalars(stmt.order_by(Dispense.id)))
    return {shown["item_id"]: shown for shown in (dispenses.these(connection, ids) if ids else [])}
