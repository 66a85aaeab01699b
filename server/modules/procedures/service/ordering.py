"""Order procedures, change and cancel what was ordered; what is performed follows in `performing`."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import select

from server.core.access import Actor
from server.core.columns import Expected
from server.core.db import db
from server.core.errors import Conflict, InvalidTransition, refused
from server.core.ids import new_id
from server.modules.billing.service import fees
from server.modules.doctors.enums import DoctorStatus
from server.modules.doctors.models import Doctor
from server.modules.doctors.queries.search import own_doctor_id
from server.modules.patients.enums import PatientStatus, StopReason
from server.modules.patients.models import Patient
from server.modules.patients.service.people import PatientDeceased
from server.modules.procedures.enums import ProcedureStatus
from server.modules.procedures.models import Procedure
from server.modules.procedures.service.reaching import held
from server.modules.visits.service import gate


class AlreadyPerformed(Conflict):
    """This procedure was performed already; what is to be said is added to it."""

    code = "already_performed"


def order(
    *,
    actor: Actor,
    patient_id: uuid.UUID,
    visit_id: uuid.UUID | None = None,
    doctor_id: uuid.UUID | None = None,
    name: str | None = None,
    service_id: uuid.UUID | None = None,
    indication: str | None = None,
    id: uuid.UUID | None = None,  # noqa: A002 -- the body's word for it
) -> Procedure:
    """Order a procedure for a living patient, at an open visit or outside of one.

    Doctors order in their own name; others for the doctor whom they name, else for the visit's.
    """
    visit = gate.pass_into(visit_id, patient_id=patient_id) if visit_id else None
    if db.session.scalar(select(Patient.status).where(Patient.id == patient_id)) == PatientStatus.DECEASED:
        raise PatientDeceased
    procedure = Procedure(
        id=id or new_id(),
        patient_id=patient_id,
        visit_id=visit_id,
        doctor_id=_ordering(actor, doctor_id) or (visit.doctor_id if visit else None),
        recorded_by=actor.user_id,
        status=ProcedureStatus.ORDERED,
        indication=indication,
    )
    _name(procedure, {"name": name, "service_id": service_id})
    db.session.add(procedure)
    db.session.flush()
    return procedure


def _ordering(actor: Actor, doctor_id: uuid.UUID | None) -> uuid.UUID | None:
    """Return the doctor who orders: oneself, if one is a doctor, else the active one who was named, if any."""
    own_id = own_doctor_id(db.session.connection(), actor)
    if own_id is not None:
        if doctor_id not in (None, own_id):
            raise refused("doctor_id", why="A doctor orders in their own name.")
        return own_id
    if doctor_id is not None:
        stmt = select(Doctor.id).where(Doctor.id == doctor_id, Doctor.status == DoctorStatus.ACTIVE)
        if db.session.scalar(stmt) is None:
            raise refused("doctor_id", why="There is no such active doctor.")
    return doctor_id


def _name(procedure: Procedure, changes: dict[str, Any]) -> None:
    """Set service and name; without a name a procedure has that of its service."""
    service_id = changes.get("service_id", procedure.service_id)
    service = fees.priced(service_id) if service_id not in (None, procedure.service_id) else None
    procedure.service_id = service_id
    if "name" not in changes:
        return
    if changes["name"] is not None:
        procedure.name = changes["name"]
    elif service_id is not None:
        procedure.name = (service or fees.priced(service_id)).name
    else:
        raise refused("name", why="Give a service or a name.")


def change(*, patient_id: uuid.UUID, procedure_id: uuid.UUID, expected: Expected, **changes: Any) -> Procedure:
    """Change what was ordered; what was performed or cancelled is not changed any more."""
    procedure = _open(patient_id, procedure_id, expected)
    _name(procedure, changes)
    if "indication" in changes:
        procedure.indication = changes["indication"]
    db.session.flush()
    return procedure


def cancel(*, patient_id: uuid.UUID, procedure_id: uuid.UUID, reason: str) -> Procedure:
    """Cancel what was ordered."""
    procedure = _open(patient_id, procedure_id)
    _cancel(procedure, reason)
    db.session.flush()
    return procedure


def _open(patient_id: uuid.UUID, procedure_id: uuid.UUID, expected: Expected | None = None) -> Procedure:
    procedure, _ = held(patient_id, procedure_id)
    if expected is not None:
        procedure.require(expected)
    require_ordered(procedure)
    return procedure


def require_ordered(procedure: Procedure) -> None:
    """Raise a conflict unless a procedure is still to be performed."""
    if procedure.status == ProcedureStatus.PERFORMED:
        raise AlreadyPerformed
    if procedure.status != ProcedureStatus.ORDERED:
        raise InvalidTransition("This procedure was cancelled.")


def _cancel(procedure: Procedure, reason: str) -> None:
    procedure.status, procedure.cancel_reason = ProcedureStatus.CANCELLED, reason


def on_patient_stopped(_sender: object, *, patient: Patient, reason: StopReason, **_more: object) -> None:
    """Cancel what is still to be performed on a patient who has died or was deactivated, closed visits included.

    Whoever stops them holds their row, for which an order waits: none slips in. A merge moves orders to the survivor.
    """
    if reason == StopReason.MERGED:
        return
    stmt = select(Procedure).where(Procedure.patient_id == patient.id, Procedure.status == ProcedureStatus.ORDERED)
    for procedure in db.session.scalars(stmt.order_by(Procedure.id).with_for_update()):
        _cancel(procedure, f"patient_{reason}")
    db.session.flush()
