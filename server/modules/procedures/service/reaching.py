"""Find the procedure that a verb is about, and hold it."""

from __future__ import annotations

import uuid

from server.core.db import db
from server.core.errors import NotFound
from server.modules.patients.service.chart import EnteredInError
from server.modules.procedures.models import Procedure
from server.modules.visits.service import gate


def held(
    patient_id: uuid.UUID, procedure_id: uuid.UUID, *, after_closing: bool = False
) -> tuple[Procedure, gate.Passed | None]:
    """Return a procedure for which others wait until the unit of work ends, and its visit, open unless told otherwise.

    There is no visit where it has none, or where that may be closed. Raise `EnteredInError` where it was.
    """
    procedure = db.session.get(Procedure, procedure_id, with_for_update=True)
    if procedure is None or procedure.patient_id != patient_id:
        raise NotFound
    if procedure.is_voided:
        raise EnteredInError
    if procedure.visit_id is None or after_closing:
        return procedure, None
    return procedure, gate.pass_into(procedure.visit_id, patient_id=patient_id)
