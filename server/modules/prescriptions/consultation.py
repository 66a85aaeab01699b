"""The prescriptions of a consultation."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from server.modules.patients.service.people import PatientDeceased
from server.modules.prescriptions.policies import Perm
from server.modules.prescriptions.queries import prescriptions as queries
from server.modules.prescriptions.schemas.shown import PrescriptionAnswer
from server.modules.prescriptions.schemas.writing import PrescriptionAtVisit
from server.modules.prescriptions.service import refusals, writing
from server.modules.prescriptions.service.checks import SafetyCheckFailed
from server.modules.visits.parts import Part, Sitting, add_part


def install() -> None:
    """Register the part of this module."""
    add_part(
        Part(
            name="prescriptions",
            shape=PrescriptionAtVisit,
            out=PrescriptionAnswer,
            permission=Perm.WRITE,
            save=_prescribe,
            show=_show,
            is_list=True,
            problems=(PatientDeceased, SafetyCheckFailed, refusals.LicenseExpired),
        )
    )


def _prescribe(sitting: Sitting, sent: Mapping[str, Any]) -> uuid.UUID:
    where = {"patient_id": sitting.patient_id, "visit_id": sitting.visit_id}
    return writing.prescribe(actor=sitting.actor, **where, **sent).id


def _show(connection: Connection, _sitting: Sitting, prescription_id: uuid.UUID) -> dict[str, Any]:
    return queries.one(connection, prescription_id, in_full=True, as_patient=False)
