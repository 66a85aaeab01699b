"""The procedures that are ordered in a consultation."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from server.modules.patients.service.people import PatientDeceased
from server.modules.procedures.policies import Perm
from server.modules.procedures.queries import procedures as queries
from server.modules.procedures.schemas import ProcedureAnswer, ProcedureAtVisit
from server.modules.procedures.service import ordering
from server.modules.visits.parts import Part, Sitting, add_part


def install() -> None:
    """Register the part of this module."""
    add_part(
        Part(
            name="procedures",
            shape=ProcedureAtVisit,
            out=ProcedureAnswer,
            permission=Perm.ORDER,
            save=_order,
            show=_show,
            is_list=True,
            problems=(PatientDeceased,),
        )
    )


def _order(sitting: Sitting, sent: Mapping[str, Any]) -> uuid.UUID:
    made = ordering.order(actor=sitting.actor, patient_id=sitting.patient_id, visit_id=sitting.visit_id, **sent)
    return made.id


def _show(connection: Connection, _sitting: Sitting, procedure_id: uuid.UUID) -> dict[str, Any]:
    return queries.one_procedure(connection, procedure_id, as_patient=False)
