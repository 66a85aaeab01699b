"""Whether something may be handed out on a prescription, and what the safety checks say of it now."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from server.core import clock
from server.core.access import Actor
from server.core.db import db
from server.core.errors import Conflict, Forbidden
from server.modules.patients.queries.people import in_scope
from server.modules.pharmacy.service.dispensing.lines import Line
from server.modules.pharmacy.service.dispensing.refusals import (
    NoRefillsRemaining,
    PrescriptionCancelled,
    PrescriptionDraft,
    PrescriptionExpired,
    PrescriptionStopped,
    TooEarly,
)
from server.modules.prescriptions.enums import PrescriptionStatus, Source
from server.modules.prescriptions.models import Prescription
from server.modules.prescriptions.policies import Perm
from server.modules.prescriptions.service import checks
from server.modules.prescriptions.service.items import asked_of, rows_in
from server.modules.prescriptions.service.reaching import is_past
from server.modules.prescriptions.service.refusals import NotFillable

_CLOSED: Mapping[str, type[Conflict]] = {
    PrescriptionStatus.DRAFT: PrescriptionDraft,
    PrescriptionStatus.STOPPED: PrescriptionStopped,
    PrescriptionStatus.CANCELLED: PrescriptionCancelled,
    PrescriptionStatus.EXPIRED: PrescriptionExpired,
}

Findings = Sequence[checks.Finding]


def require_open(prescription: Prescription) -> None:
    """Raise what is in the way of handing out anything on a prescription, which is held."""
    if prescription.source == Source.IMPORTED and any(row["quantity"] is None for row in rows_in(prescription.id)):
        raise NotFillable
    if prescription.status in _CLOSED:
        raise _CLOSED[prescription.status]
    if prescription.status == PrescriptionStatus.FILLED:
        raise NoRefillsRemaining(remaining=0)
    if is_past(prescription):
        raise PrescriptionExpired


def require_due(lines: Sequence[Line], *, actor: Actor, patient_id: uuid.UUID, override_reason: str | None) -> None:
    """Raise `TooEarly` for a refill before its time, unless somebody who may override says why (403 for others)."""
    days = [day for day in (one.filled.too_early_until() for one in lines) if day is not None]
    early = [day for day in days if day > clock.today()]
    if not early:
        return
    if override_reason is None:
        raise TooEarly(refill_on=max(early))
    if not actor.can(Perm.OVERRIDE) or in_scope(db.session.connection(), actor, Perm.OVERRIDE, patient_id) is None:
        raise Forbidden(f"To refill too early needs the permission {Perm.OVERRIDE}.")


def answered(
    prescription: Prescription, *, actor: Actor, acknowledge: Collection[str], override_reason: str | None
) -> Findings:
    """Return what the checks find now of all that is prescribed together; raise unless it is answered for."""
    rows: Sequence[dict[str, Any]] = rows_in(prescription.id)
    findings = checks.run(patient_id=prescription.patient_id, asked=asked_of(rows), leaving_out=prescription.id)
    checks.answer_for(
        findings,
        patient_id=prescription.patient_id,
        acknowledge=acknowledge,
        override_reason=override_reason,
        actor=actor,
    )
    return findings
