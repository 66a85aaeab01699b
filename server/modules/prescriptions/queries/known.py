"""What the safety checks ask of a patient: allergies, age, weight, and what else is being taken."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, exists, func, or_, select
from sqlalchemy.sql import ColumnElement

from server.core import clock
from server.core.search import like
from server.modules.medications.models import Medication
from server.modules.patients.enums import AllergyStatus
from server.modules.patients.models import Allergy, AllergyStatement, Patient
from server.modules.prescriptions.enums import DispenseStatus, PrescriptionStatus
from server.modules.prescriptions.models import Dispense, Prescription, PrescriptionItem
from server.modules.vitals.enums import Kind, MeasurementStatus
from server.modules.vitals.models import Measurement

# A weight that was measured earlier says little of what somebody weighs.
_WEIGHT_HOLDS = timedelta(days=365)
_OPEN = (PrescriptionStatus.ACTIVE, PrescriptionStatus.PARTIALLY_FILLED)
# What was ordered so is, or may still be, taken.
_MAYBE_TAKEN = (*_OPEN, PrescriptionStatus.FILLED, PrescriptionStatus.EXPIRED)


@dataclass(frozen=True, slots=True)
class About:
    """How old a patient is in days, how heavy in kilograms, and whether anybody ever asked for allergies."""

    age_in_days: int
    weight: Decimal | None
    was_asked: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """A medication of another prescription that the patient takes now."""

    prescription_id: uuid.UUID
    rx_number: str
    item_id: uuid.UUID
    medication_id: uuid.UUID


def about(connection: Connection, patient_id: uuid.UUID) -> About:
    """Return what the checks need to know of a patient."""
    listed = exists().where(Allergy.patient_id == patient_id, Allergy.status != AllergyStatus.ENTERED_IN_ERROR)
    stated = exists().where(AllergyStatement.patient_id == patient_id, AllergyStatement.withdrawn_at.is_(None))
    weight = (
        select(Measurement.value)
        .where(
            Measurement.patient_id == patient_id,
            Measurement.kind == Kind.WEIGHT,
            Measurement.status == MeasurementStatus.FINAL,
            Measurement.measured_at >= clock.now() - _WEIGHT_HOLDS,
        )
        .order_by(Measurement.measured_at.desc(), Measurement.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    stmt = select(Patient.date_of_birth, weight.label("weight"), or_(listed, stated).label("was_asked"))
    found = connection.execute(stmt.where(Patient.id == patient_id)).one()
    kilograms = None if found.weight is None else Decimal(str(found.weight))
    return About((clock.today() - found.date_of_birth).days, kilograms, bool(found.was_asked))


def allergies_of(connection: Connection, patient_id: uuid.UUID) -> list[Row[Any]]:
    """Return the allergies that a patient has now."""
    columns = (Allergy.id, Allergy.version, Allergy.substance, Allergy.code_system, Allergy.code)
    stmt = select(*columns, Allergy.allergy_class, Allergy.reaction, Allergy.severity)
    stmt = stmt.where(Allergy.patient_id == patient_id, Allergy.status == AllergyStatus.ACTIVE)
    return list(connection.execute(stmt.order_by(Allergy.id)))


def taken_by(connection: Connection, patient_id: uuid.UUID, *, leaving_out: uuid.UUID | None = None) -> list[Taken]:
    """Return what a patient takes now: what is open and not past its last day, and what was handed out and lasts."""
    last_filled = (
        select(func.max(Dispense.filled_at))
        .where(Dispense.item_id == PrescriptionItem.id, Dispense.status == DispenseStatus.FILLED)
        .correlate(PrescriptionItem)
        .scalar_subquery()
    )
    ids = (Prescription.id, Prescription.rx_number, PrescriptionItem.id, PrescriptionItem.medication_id)
    stmt = (
        select(*ids, Prescription.status, Prescription.expires_on, PrescriptionItem.duration_days, last_filled)
        .join(PrescriptionItem, PrescriptionItem.prescription_id == Prescription.id)
        .where(Prescription.patient_id == patient_id, Prescription.status.in_(_MAYBE_TAKEN))
        .order_by(Prescription.id, PrescriptionItem.position)
    )
    if leaving_out is not None:
        stmt = stmt.where(Prescription.id != leaving_out)
    return [Taken(*row[:4]) for row in connection.execute(stmt) if _is_taken(*row[4:])]


def _is_taken(status: str, expires_on: date | None, duration_days: int | None, last_filled: Any) -> bool:
    today = clock.today()
    if status in _OPEN and (expires_on is None or expires_on >= today):
        return True
    if last_filled is None or duration_days is None:
        return False
    lasts_until: date = last_filled.astimezone(clock.clinic_zone()).date() + timedelta(days=duration_days)
    return lasts_until >= today


def products_named(connection: Connection, keys: Collection[str]) -> dict[uuid.UUID, str]:
    """Return the products that have one of these folded names, a brand for example, each with its names."""
    if not keys:
        return {}
    named: list[ColumnElement[bool]] = [Medication.names_text.like(f"%|{like(key)}|%", escape="\\") for key in keys]
    stmt = select(Medication.id, Medication.names_text).where(or_(*named)).order_by(Medication.id)
    return {row.id: row.names_text for row in connection.execute(stmt)}
