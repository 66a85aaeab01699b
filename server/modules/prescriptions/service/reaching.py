"""Find the prescription that a verb is about, and hold it."""

from __future__ import annotations

import uuid

from sqlalchemy import exists, select

from server.core import clock, trail as trails
from server.core.db import db
from server.core.errors import InvalidTransition, NotFound
from server.modules.patients.enums import PatientStatus
from server.modules.patients.models import Patient
from server.modules.patients.service.chart import EnteredInError
from server.modules.patients.service.people import PatientDeceased
from server.modules.prescriptions.enums import DispenseStatus, PrescriptionStatus
from server.modules.prescriptions.models import Dispense, Prescription
from server.modules.prescriptions.queries.standing import OPEN
from server.modules.prescriptions.service.refusals import PrescriptionActive, PrescriptionFilled
from server.modules.visits.service import gate


def pass_into(visit_id: uuid.UUID | None, *, patient_id: uuid.UUID) -> None:
    """Have the visit at which something is prescribed, if it is at one, stay open; before any prescription is held."""
    if visit_id is not None:
        gate.pass_into(visit_id, patient_id=patient_id)


def require_living(patient_id: uuid.UUID) -> None:
    """Raise `PatientDeceased` where nothing more is prescribed for a patient."""
    if db.session.scalar(select(Patient.status).where(Patient.id == patient_id)) == PatientStatus.DECEASED:
        raise PatientDeceased


def held(prescription_id: uuid.UUID, *, patient_id: uuid.UUID | None = None) -> Prescription:
    """Return a prescription for which others wait until the unit of work ends.

    Raise `NotFound` where there is none, or none of this patient's, and `EnteredInError` where it was.
    """
    prescription = db.session.get(Prescription, prescription_id, with_for_update=True, populate_existing=True)
    if prescription is None or patient_id not in (None, prescription.patient_id):
        raise NotFound
    trails.current().about(prescription.id, patient_id=prescription.patient_id)
    if prescription.is_voided:
        raise EnteredInError
    return prescription


def held_draft(prescription_id: uuid.UUID, *, patient_id: uuid.UUID) -> Prescription:
    """Return a draft, held, its visit open if it is of one; raise a conflict where it is none any more."""
    seen = db.session.get(Prescription, prescription_id)
    if seen is not None and not seen.is_voided:
        require_draft(seen)
        pass_into(seen.visit_id, patient_id=patient_id)
    prescription = held(prescription_id, patient_id=patient_id)
    require_draft(prescription)
    return prescription


def require_draft(prescription: Prescription) -> None:
    """Raise a conflict that says how a prescription is changed that is no draft any more."""
    if prescription.status == PrescriptionStatus.ACTIVE and not is_past(prescription):
        raise PrescriptionActive
    if prescription.status in (PrescriptionStatus.PARTIALLY_FILLED, PrescriptionStatus.FILLED):
        raise PrescriptionFilled
    if prescription.status != PrescriptionStatus.DRAFT:
        raise InvalidTransition(f"This prescription is {standing(prescription)}; renew it.")


def is_past(prescription: Prescription) -> bool:
    """Whether the last day of a prescription is over."""
    return prescription.expires_on is not None and prescription.expires_on < clock.today()


def is_open(prescription: Prescription) -> bool:
    """Whether something may still be handed out on a prescription today."""
    return prescription.status in OPEN and not is_past(prescription)


def standing(prescription: Prescription) -> str:
    """Return how a prescription stands today, in words."""
    if prescription.status in OPEN and is_past(prescription):
        return PrescriptionStatus.EXPIRED
    return prescription.status.replace("_", " ")


def was_dispensed(prescription_id: uuid.UUID) -> bool:
    """Whether anything was ever handed out on a prescription, brought back since or not."""
    handed_out = (DispenseStatus.FILLED, DispenseStatus.REVERSED)
    stmt = select(exists().where(Dispense.prescription_id == prescription_id, Dispense.status.in_(handed_out)))
    return bool(db.session.scalar(stmt))
