"""Answer for what the checks have found: acknowledge it, or override it with a reason; and keep who did."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import insert

from server.core import clock
from server.core.access import Actor
from server.core.db import db
from server.core.errors import Conflict, Forbidden, refused
from server.core.ids import new_id
from server.modules.patients.queries.people import in_scope
from server.modules.prescriptions.enums import Severity, Stage
from server.modules.prescriptions.models import SafetyFinding
from server.modules.prescriptions.policies import Perm
from server.modules.prescriptions.service.checks.findings import Finding


class SafetyCheckFailed(Conflict):
    """Something speaks against this; look at `findings`, and repeat it with `acknowledge` if you answer for them."""

    code = "safety_check_failed"


def answer_for(
    findings: Sequence[Finding],
    *,
    patient_id: uuid.UUID,
    acknowledge: Collection[str],
    override_reason: str | None,
    actor: Actor,
) -> None:
    """Raise `SafetyCheckFailed` unless everything but what is only to know is acknowledged, and nothing else is.

    A finding whose evidence has changed has another id: who acknowledged the former has not seen the latter. What is
    contraindicated takes `prescriptions:override` for this patient (403) and a reason (422) beside.
    """
    answered = frozenset(acknowledge)
    grave = [one for one in findings if one.severity != Severity.INFO]
    if not {one.id for one in grave} <= answered <= {one.id for one in findings}:
        raise SafetyCheckFailed(findings=[asdict(one) for one in findings])
    if all(one.severity != Severity.CONTRAINDICATED for one in findings):
        return
    if not actor.can(Perm.OVERRIDE) or in_scope(db.session.connection(), actor, Perm.OVERRIDE, patient_id) is None:
        raise Forbidden(f"What is contraindicated needs the permission {Perm.OVERRIDE}.")
    if override_reason is None:
        raise refused("override_reason", why="Say why this is right all the same.")


def keep(
    findings: Sequence[Finding],
    *,
    prescription_id: uuid.UUID,
    stage: Stage,
    actor: Actor,
    acknowledge: Collection[str],
    override_reason: str | None,
    dispense_id: uuid.UUID | None = None,
) -> None:
    """Store what was found and who answered for it."""
    if not findings:
        return
    shared: dict[str, Any] = {
        "prescription_id": prescription_id,
        "dispense_id": dispense_id,
        "stage": stage,
        "user_id": actor.user_id,
        "at": clock.now(),
    }
    rows = [
        {
            "id": new_id(),
            "finding_id": one.id,
            "kind": one.kind,
            "severity": one.severity,
            "message": one.message,
            "item_index": one.item_index,
            "evidence": dict(one.evidence),
            "is_acknowledged": one.id in acknowledge,
            "override_reason": override_reason if one.severity == Severity.CONTRAINDICATED else None,
            **shared,
        }
        for one in findings
    ]
    db.session.execute(insert(SafetyFinding.__table__), rows)
