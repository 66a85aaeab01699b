"""Broken glass, and who opened a chart."""

from __future__ import annotations

import uuid

from flask import Response, request

from server.core.declare import declares
from server.core.resource import Resource
from server.modules.patients.policies import Perm
from server.modules.patients.queries import access as queries
from server.modules.patients.resources.routing import api, patient_within
from server.modules.patients.schemas.access import AccessOut, AccessQuery, GlassIn, GlassOut
from server.modules.patients.service import glass as service
from server.modules.patients.service.people import OwnRecord


class BreakGlass(Resource):
    """The way to a chart in need."""

    @declares(
        Perm.BREAK_GLASS,
        action="patients.break_glass",
        object_type="broken_glass",
        body=GlassIn,
        out=GlassOut,
        within=patient_within,
        problems=(OwnRecord,),
    )
    def post(self, patient_id: uuid.UUID) -> Response:
        """Open one chart to oneself for an hour, to read and to add; the admins are told, the patient sees it."""
        glass = service.break_glass(actor=self.actor, patient_id=patient_id, reason=self.body["reason"])
        return self.created(glass, "The chart is open to you.", location=request.path.removesuffix("/break-glass"))


class AccessLog(Resource):
    """Who opened a chart."""

    @declares(
        Perm.ACCESS_LOG,
        action="patients.access_log",
        object_type="audit_log",
        query=AccessQuery,
        out=AccessOut,
        many=True,
        within=patient_within,
    )
    def get(self, patient_id: uuid.UUID) -> Response:
        """List who opened a patient's chart or changed something in it, newest first."""
        return self.page(queries.page_of_access(self.connection, patient_id, self.query))


api.add_resource(BreakGlass, "/patients/<uuid:patient_id>/break-glass")
api.add_resource(AccessLog, "/patients/<uuid:patient_id>/access-log")
