"""What every answer with prescriptions is made by."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response

from server.core import answers, trail as trails
from server.core.listing import Page
from server.core.resource import Resource
from server.modules.patients.policies import Perm as PatientPerm
from server.modules.prescriptions.paths import sees_chart
from server.modules.prescriptions.queries import prescriptions as queries


class Prescriptions(Resource):
    """The base of what answers with prescriptions."""

    def seen(self, prescription_id: uuid.UUID, found: Any = None) -> dict[str, Any]:
        """Return one prescription of the patient whom the path, or the body, has found."""
        patient = found or self.parent
        in_full = sees_chart(self.connection, self.actor, PatientPerm.CHART_READ, patient)
        shown = queries.one(self.connection, prescription_id, in_full=in_full, as_patient=patient.as_patient)
        trails.current().about(prescription_id, patient_id=patient.id)
        return shown

    def many(self, page: Page) -> Response:
        """Answer one page of prescriptions; the audit row says whose, where they are of one patient."""
        shown = queries.each(self.connection, page.rows)
        trail = trails.current()
        trail.listed(one["id"] for one in shown)
        whose = queries.PATIENT
        trail.shown_of({row[whose] for row in page.rows}, {row[whose] for row in page.rows if row[-2]})
        return answers.listed(page, shown)
