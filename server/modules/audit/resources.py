"""The audit log and user activities over HTTP, read only."""

from __future__ import annotations

import uuid

from flask import Blueprint, Response

from server.core.declare import declares
from server.core.dump import columns_of, row_dumper
from server.core.resource import Api, Resource
from server.modules.audit import queries
from server.modules.audit.policies import Perm
from server.modules.audit.schemas import ActivityOut, ActivityQuery, AuditOut, AuditQuery

blueprint = Blueprint("audit", __name__)
api = Api(blueprint)

_COLUMNS = columns_of(AuditOut)


class AuditLogCollection(Resource):
    """All recorded requests."""

    @declares(Perm.READ, action="audit.list", object_type="audit_log", query=AuditQuery, out=AuditOut, many=True)
    def get(self) -> Response:
        """List the audit log, newest first."""
        return self.page(queries.page_of_rows(self.connection, self.actor, _COLUMNS, self.query))


class AuditLogItem(Resource):
    """One recorded request."""

    @declares(Perm.READ, action="audit.read", object_type="audit_log", out=AuditOut)
    def get(self, audit_log_id: uuid.UUID) -> Response:
        """Show one row of the audit log."""
        row = queries.row_by_id(self.connection, self.actor, _COLUMNS, audit_log_id)
        return self.show(row_dumper(AuditOut, tuple(_COLUMNS))(row))


class UserActivityCollection(Resource):
    """What users did, derived from the audit log."""

    @declares(
        Perm.ACTIVITIES,
        action="activities.list",
        object_type="audit_log",
        query=ActivityQuery,
        out=ActivityOut,
        many=True,
    )
    def get(self) -> Response:
        """List user activities, newest first: one's own, or everyone's for an admin."""
        return self.page(queries.page_of_activities(self.connection, self.actor, self.query))


api.add_resource(AuditLogCollection, "/audit-logs")
api.add_resource(AuditLogItem, "/audit-logs/<uuid:audit_log_id>")
api.add_resource(UserActivityCollection, "/user-activities")
