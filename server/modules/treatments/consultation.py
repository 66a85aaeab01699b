"""The treatments of a consultation."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from server.modules.treatments import service
from server.modules.treatments.policies import Perm
from server.modules.treatments.queries import treatments as queries
from server.modules.treatments.schemas import TreatmentAtVisit, TreatmentOut
from server.modules.visits.parts import Part, Sitting, add_part


def install() -> None:
    """Register the part of this module."""
    add_part(
        Part(
            name="treatments",
            shape=TreatmentAtVisit,
            out=TreatmentOut,
            permission=Perm.WRITE,
            save=_plan,
            show=_show,
            is_list=True,
        )
    )


def _plan(sitting: Sitting, sent: Mapping[str, Any]) -> uuid.UUID:
    made = service.plan(actor=sitting.actor, patient_id=sitting.patient_id, visit_id=sitting.visit_id, **sent)
    return made.id


def _show(connection: Connection, _sitting: Sitting, treatment_id: uuid.UUID) -> dict[str, Any]:
    return queries.told(queries.treatment_row(connection, treatment_id))
