"""Handing out a chart."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from typing import IO

from flask import Response

from server.core import trail as trails
from server.core.declare import declares
from server.core.resource import Resource
from server.modules.chart.policies import Perm
from server.modules.chart.queries import export as queries
from server.modules.chart.resources.routing import api
from server.modules.chart.schemas import ExportQuery
from server.modules.patients.paths import patient_within

# More than this goes to disk while it is put together.
_IN_MEMORY = 1024 * 1024
_CHUNK = 64 * 1024


class Export(Resource):
    """Everything that is held on a patient."""

    @declares(
        Perm.EXPORT,
        action="patients.export",
        object_type="patient",
        query=ExportQuery,
        media_type="application/zip",
        other_media_types=("application/json",),
        within=patient_within,
    )
    def get(self, patient_id: uuid.UUID) -> Response:
        """Hand out everything that is held on a patient, as one JSON document or as a ZIP with the files."""
        is_zip = self.query["format"] == "zip"
        trails.current().about(patient_id, patient_id=patient_id)
        out = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 -- the response closes it
        (queries.write_zip if is_zip else queries.write_json)(self.connection, patient_id, out)
        size = out.tell()
        out.seek(0)
        response = Response(_chunks(out), mimetype="application/zip" if is_zip else "application/json")
        response.call_on_close(out.close)
        response.content_length = size
        name = f"patient-{patient_id}.{self.query['format']}"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return response


def _chunks(out: IO[bytes]) -> Iterator[bytes]:
    with out:
        while chunk := out.read(_CHUNK):
            yield chunk


api.add_resource(Export, "/patients/<uuid:patient_id>/export")
