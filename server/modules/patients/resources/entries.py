"""What allergies and conditions have in common: a list, one entry, and "entered in error"."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from flask import Response
from marshmallow import Schema

from server.core.dump import columns_of, row_dumper
from server.core.errors import NotFound
from server.core.resource import Resource
from server.modules.patients.enums import ENTERED_IN_ERROR
from server.modules.patients.models import Allergy, Condition
from server.modules.patients.queries import chart as queries
from server.modules.patients.service import chart as service


class Entries(Resource):
    """Entries of one kind in a patient's chart."""

    model: ClassVar[type[Allergy | Condition]]
    out: ClassVar[type[Schema]]

    def listed(self, patient_id: uuid.UUID) -> Response:
        """Answer one page of the standing entries."""
        columns = columns_of(self.out)
        return self.page(queries.page_of_entries(self.connection, self.model, patient_id, columns, self.query))

    def shown(self, patient_id: uuid.UUID, entry_id: uuid.UUID) -> dict[str, Any]:
        """Return one entry, for staff those entered in error included: the reason may speak of somebody else."""
        columns = columns_of(self.out)
        row = queries.entry_row(self.connection, self.model, patient_id, columns, entry_id)
        if self.parent.as_patient and row.status == ENTERED_IN_ERROR:
            raise NotFound
        return row_dumper(self.out, tuple(columns))(row)

    def voided(self, patient_id: uuid.UUID, entry_id: uuid.UUID) -> Response:
        """Mark one entry as entered in error."""
        service.mark_as_error(
            actor=self.actor,
            model=self.model,
            patient_id=patient_id,
            entry_id=entry_id,
            expected=self.expected,
            reason=self.query["reason"],
        )
        return self.gone()
