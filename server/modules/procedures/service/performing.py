"""Perform procedures, once, with their charge; add to what was performed; mark as entered in error."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import select

from server.core import clock, trail as trails
from server.core.access import Actor
from server.core.columns import Expected
from server.core.db import db
from server.core.errors import Conflict
from server.modules.billing.models import Service
from server.modules.billing.service import charges
from server.modules.patients.models import Patient
from server.modules.patients.service import chart
from server.modules.patients.service.lifetime import require_lived
from server.modules.procedures.enums import ProcedureStatus
from server.modules.procedures.models import Procedure, ProcedureAddendum
from server.modules.procedures.queries.procedures import SOURCE
from server.modules.procedures.service.ordering import require_ordered
from server.modules.procedures.service.reaching import held
from server.modules.visits.service.moments import require_at_visit


class NotPerformed(Conflict):
    """This procedure was not performed; what was ordered is changed, not added to."""

    code = "not_performed"


def perform(
    *,
    actor: Actor,
    patient_id: uuid.UUID,
    procedure_id: uuid.UUID,
    performed_at: datetime | None = None,
    outcome: str | None = None,
    notes: str | None = None,
    complications: str | None = None,
) -> Procedure:
    """Perform a procedure, once; one with a service is charged in the same unit of work, or nothing happens at all."""
    procedure, visit = held(patient_id, procedure_id)
    require_ordered(procedure)
    at = performed_at or clock.now()
    born_on = db.session.scalars(select(Patient.date_of_birth).where(Patient.id == patient_id)).one()
    require_lived(at, born_on=born_on, field="performed_at")
    if visit is not None:
        require_at_visit(at, visit, field="performed_at")
    procedure.status, procedure.performed_at, procedure.performed_by = ProcedureStatus.PERFORMED, at, actor.user_id
    procedure.outcome, procedure.notes, procedure.complications = outcome, notes, complications
    db.session.flush()
    if procedure.service_id is not None:
        _charge(actor, procedure, procedure.service_id, at)
    return procedure


def _charge(actor: Actor, procedure: Procedure, service_id: uuid.UUID, at: datetime) -> None:
    """Charge by the fee schedule as it stands, also for a service that was taken off it since."""
    service = db.session.get_one(Service, service_id)
    charges.raise_charge(
        actor=actor,
        source_type=SOURCE,
        source_id=procedure.id,
        patient_id=procedure.patient_id,
        visit_id=procedure.visit_id,
        description=procedure.name,
        amount=service.price,
        tax_rate=service.tax_rate,
        service_on=at.astimezone(clock.clinic_zone()).date(),
        service_id=service.id,
    )


def addend(*, actor: Actor, patient_id: uuid.UUID, procedure_id: uuid.UUID, text: str) -> ProcedureAddendum:
    """Add to a performed procedure, also after its visit was closed; what was said stays as it was."""
    procedure, _ = held(patient_id, procedure_id, after_closing=True)
    if procedure.status != ProcedureStatus.PERFORMED:
        raise NotPerformed
    addendum = ProcedureAddendum(procedure_id=procedure_id, text=text, by=actor.user_id)
    db.session.add(addendum)
    trails.current().changed.add("addenda")
    db.session.flush()
    return addendum


def mark_as_error(
    *, actor: Actor, patient_id: uuid.UUID, procedure_id: uuid.UUID, expected: Expected, reason: str
) -> None:
    """Mark a procedure as entered in error, also after its visit was closed, and take its open charge back.

    One that was performed is the entry of who performed it. A charge that is on an invoice stays, and the audit row
    says so: that takes a credit note. Again, no change.
    """
    owners = select(Procedure.performed_by, Procedure.recorded_by).where(Procedure.id == procedure_id)
    performed_by, recorded_by = db.session.execute(owners).one()
    chart.mark_as_error(
        actor=actor,
        model=Procedure,
        patient_id=patient_id,
        entry_id=procedure_id,
        expected=expected,
        reason=reason,
        owner_id=performed_by or recorded_by,
    )
    charges.take_back(source_type=SOURCE, source_id=procedure_id)
