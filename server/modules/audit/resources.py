"""The audit log and user activities over HTTP, read only."""

from __future__ import annotations

import uuid
from dataclasses import asdict

from flask import Blueprint, Response, stream_with_context

from server.core.declare import declares
from server.core.dump import columns_of, row_dumper
from server.core.resource import Api, Resource
from server.modules.audit import exports, integrity, queries
from server.modules.audit.policies import Perm
from server.modules.audit.schemas import (
    ActivityOut,
    ActivityQuery,
    AuditOut,
    AuditQuery,
    ExportQuery,
    IntegrityOut,
    IntegrityQuery,
)

blueprint = Blueprint("audit", __name__)
api = Api(blueprint)

SECONDS_TO_VERIFY = 10.0

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


class AuditLogExport(Resource):
    """The recorded requests as a file."""

    @declares(
        Perm.EXPORT,
        action="audit.export",
        object_type="audit_log",
        query=ExportQuery,
        media_type="text/csv",
        other_media_types=("application/x-ndjson",),
    )
    def get(self) -> Response:
        """Export the audit log, oldest first, as CSV or as a JSON object a line."""
        form = self.query.pop("format")
        rows = queries.rows_after(self.actor, _COLUMNS, self.query)
        body = (exports.as_csv if form == "csv" else exports.as_ndjson)(rows, tuple(_COLUMNS))
        # The row of this request is written when the response is ready, and only then is the first line fetched.
        response = Response(stream_with_context(body), mimetype=exports.MEDIA_TYPES[form])
        response.headers["Content-Disposition"] = f'attachment; filename="audit-logs.{form}"'
        return response


class AuditLogIntegrity(Resource):
    """Whether the recorded requests are as they were sealed."""

    @declares(Perm.VERIFY, action="audit.verify", object_type="audit_log", query=IntegrityQuery, out=IntegrityOut)
    def get(self) -> Response:
        """Verify the seals of the audit log, for about ten seconds; `next_seal` says where to go on."""
        report = integrity.verify(self.connection, from_seal=self.query["from_seal"], seconds=SECONDS_TO_VERIFY)
        return self.show({"ok": report.ok, **asdict(report)})


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
api.add_resource(AuditLogExport, "/audit-logs/export")
api.add_resource(AuditLogIntegrity, "/audit-logs/verify")
api.add_resource(AuditLogItem, "/audit-logs/<uuid:audit_log_id>")
api.add_resource(UserActivityCollection, "/user-activities")
