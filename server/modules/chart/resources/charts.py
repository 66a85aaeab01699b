"""Reading a chart as a whole."""

from __future__ import annotations

import uuid

from flask import Response

from server.core import trail as trails
from server.core.declare import declares
from server.core.resource import Resource
from server.modules.chart.queries import reading as queries
from server.modules.chart.resources.routing import api
from server.modules.chart.schemas import EventOut, EventQuery, SummaryOut
from server.modules.patients.paths import patient_within
from server.modules.patients.policies import Perm


class Timeline(Resource):
    """Everything that happened to a patient."""

    @declares(
        Perm.CHART_READ,
        action="chart.timeline",
        object_type="patient",
        query=EventQuery,
        out=EventOut,
        many=True,
        within=patient_within,
    )
    def get(self, patient_id: uuid.UUID) -> Response:
        """List what happened to a patient, newest first."""
        page = queries.page_of_events(self.connection, patient_id, self.query, as_patient=self.parent.as_patient)
        answer = self.page(page)
        trails.current().listed(row[queries.EVENT_COLUMNS.index("object_id")] for row in page.rows)
        return answer


class Summary(Resource):
    """A patient on one screen."""

    @declares(Perm.CHART_READ, action="chart.summary", object_type="patient", out=SummaryOut, within=patient_within)
    def get(self, patient_id: uuid.UUID) -> Response:
        """Show on one screen what is known of a patient."""
        trails.current().about(patient_id, patient_id=patient_id)
        return self.show(queries.summary_of(self.connection, patient_id, as_patient=self.parent.as_patient))


api.add_resource(Timeline, "/patients/<uuid:patient_id>/timeline")
api.add_resource(Summary, "/patients/<uuid:patient_id>/summary")
