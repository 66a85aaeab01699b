"""Saving a whole consultation."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response

from server.core import state
from server.core.declare import declares
from server.core.resource import Resource
from server.modules.chart.policies import Perm
from server.modules.chart.resources.routing import api
from server.modules.chart.schemas import consultation_in, consultation_out
from server.modules.chart.service import consultations as service
from server.modules.visits.parts import parts
from server.modules.visits.paths import visit_within
from server.modules.visits.queries import visits as queries
from server.modules.visits.service.gate import VisitClosed

# The assembly imports this file once every room below has registered its part.
_PARTS = parts()


class VisitChart(Resource):
    """A consultation as a whole."""

    @declares(
        Perm.CONSULT,
        action="visits.chart",
        object_type="visit",
        body=consultation_in(_PARTS),
        out=consultation_out(_PARTS),
        version="required",
        within=visit_within,
        problems=(VisitClosed, *(problem for part in _PARTS for problem in part.problems)),
    )
    def post(self, visit_id: uuid.UUID) -> Response:
        """Save a whole consultation at an open visit, all of it or nothing.

        What is wrong is named by its path, such as `treatments.1.items_used.0.item_id`. The version is that of the
        visit, said with the whole or in `visit`, and required where something that is said of it is rewritten.
        """
        made = service.save(
            actor=self.actor,
            visit_id=visit_id,
            expected=self.expected,
            adds_only=self.parent.way.is_by_glass,
            sent=self.body,
        )
        where = f"{state.settings().api_prefix}/visits/{visit_id}"
        shown = self._shown(made)
        response = self.created(shown, "Consultation saved.", location=where)
        response.headers["ETag"] = f'"{shown["visit"]["version"]}"'
        return response

    def _shown(self, made: service.Consultation) -> dict[str, Any]:
        visit = queries.one(self.connection, self.actor, self.parent, made.sitting.visit_id)
        shown: dict[str, Any] = {"visit": visit, "diagnoses": visit["diagnoses"]}
        for one in made.saved:
            stored = [one.part.show(self.connection, made.sitting, found) for found in one.ids]
            shown[one.part.name] = stored if one.part.is_list else next(iter(stored), None)
        return shown


api.add_resource(VisitChart, "/visits/<uuid:visit_id>/chart")
