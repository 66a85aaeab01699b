"""Who was handed out of a lot: what a recall asks of this room."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator

from sqlalchemy import Connection, select

from server.core.refs import patient_ref
from server.modules.inventory.recalls import Given
from server.modules.patients.models import Patient
from server.modules.prescriptions.enums import DispenseStatus
from server.modules.prescriptions.models import Dispense, DispenseLot


def given_of_lots(connection: Connection, lot_ids: Collection[uuid.UUID]) -> Iterator[Given]:
    """Return what was handed out of some lots and was not brought back."""
    stmt = (
        select(
            *(Dispense.id, DispenseLot.lot_id, DispenseLot.quantity, Dispense.filled_at),
            *(Dispense.patient_id, Patient.first_name, Patient.last_name, Patient.mrn),
        )
        .join(Dispense, Dispense.id == DispenseLot.dispense_id)
        .join(Patient, Patient.id == Dispense.patient_id)
        .where(DispenseLot.lot_id.in_(lot_ids), Dispense.status == DispenseStatus.FILLED)
    )
    for row in connection.execute(stmt):
        patient = patient_ref(row.patient_id, row.first_name, row.last_name, row.mrn)
        yield Given("dispense", row.id, row.lot_id, row.quantity, row.filled_at, patient)
