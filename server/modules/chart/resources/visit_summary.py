"""A visit on paper."""

from __future__ import annotations

import io
import uuid

from flask import Response

from server.core import answers, trail as trails
from server.core.declare import declares
from server.core.resource import Resource
from server.modules.chart import printing
from server.modules.chart.queries import visit_summary as queries
from server.modules.chart.resources.routing import api
from server.modules.patients.policies import Perm
from server.modules.visits.paths import visit_within

_PDF = "application/pdf"


class VisitSummary(Resource):
    """The printed summary of a visit."""

    @declares(
        Perm.CHART_READ,
        action="visits.print_summary",
        object_type="visit",
        rate="print",
        media_type=_PDF,
        within=visit_within,
    )
    def get(self, visit_id: uuid.UUID) -> Response:
        """Print the summary of a visit: what is signed and stands; the patient has it once the visit is completed."""
        trails.current().about(visit_id, patient_id=self.parent.id)
        summary = queries.summary_of_visit(self.connection, self.actor, self.parent, visit_id)
        name = f"visit-{summary.visit['number']}.pdf"
        return answers.download(lambda: io.BytesIO(printing.visit_pdf(summary)), name=name, media_type=_PDF)


api.add_resource(VisitSummary, "/visits/<uuid:visit_id>/summary.pdf")
