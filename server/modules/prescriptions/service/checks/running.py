"""Run all checks on what is asked for."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from server.core.db import db
from server.modules.medications.knowledge import substances_of
from server.modules.prescriptions.enums import FindingKind, Severity
from server.modules.prescriptions.queries import known
from server.modules.prescriptions.service.checks.allergies import against_allergies
from server.modules.prescriptions.service.checks.doses import against_doses
from server.modules.prescriptions.service.checks.findings import Asked, Drug, Finding, found
from server.modules.prescriptions.service.checks.together import against_others

_GRAVEST_FIRST = (Severity.CONTRAINDICATED, Severity.WARNING, Severity.INFO)


def run(*, patient_id: uuid.UUID, asked: Sequence[Asked], leaving_out: uuid.UUID | None = None) -> list[Finding]:
    """Return what speaks against these medications for a patient, the gravest first; a fixed number of statements.

    They are looked at among each other and beside what the patient takes by other prescriptions but the one
    `leaving_out`, which they replace or are of themselves.
    """
    connection = db.session.connection()
    patient = known.about(connection, patient_id)
    taken = known.taken_by(connection, patient_id, leaving_out=leaving_out)
    products = substances_of(connection, [*(one.medication_id for one in asked), *(one.medication_id for one in taken)])
    wanted = [Drug(products[one.medication_id], asked=one) for one in asked]
    others = [Drug(products[one.medication_id], taken=one) for one in taken]
    findings = [] if patient.was_asked else [_never_asked()]
    findings += against_allergies(connection, wanted, known.allergies_of(connection, patient_id))
    findings += against_others(connection, wanted, others)
    findings += against_doses(wanted, patient)
    each_once = {one.id: one for one in reversed(findings)}
    order = {one.id: number for number, one in enumerate(findings)}
    return sorted(each_once.values(), key=lambda one: (_GRAVEST_FIRST.index(Severity(one.severity)), order[one.id]))


def _never_asked() -> Finding:
    return found(
        FindingKind.ALLERGIES_UNKNOWN,
        Severity.WARNING,
        "Nobody has asked this patient for allergies yet: there is neither a list nor a statement of none known.",
        evidence={"allergies": "never_asked"},
    )
