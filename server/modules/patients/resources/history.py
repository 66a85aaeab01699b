"""The medical history of a patient."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response

from server.core.declare import declares
from server.core.dump import columns_of, row_dumper
from server.core.resource import Resource
from server.modules.patients.models import Allergy, Condition
from server.modules.patients.policies import Perm
from server.modules.patients.queries import chart as queries
from server.modules.patients.resources.routing import api, patient_within
from server.modules.patients.schemas.chart import AllergyOut, ConditionOut, HistoryAnswer, HistoryOut, HistoryPatch
from server.modules.patients.service import chart as service

_COLUMNS = columns_of(HistoryOut)
_LISTS = (("allergies", Allergy, AllergyOut), ("conditions", Condition, ConditionOut))


class MedicalHistory(Resource):
    """A patient's history."""

    @declares(Perm.CHART_READ, action="history.read", object_type="history", out=HistoryAnswer, within=patient_within)
    def get(self, patient_id: uuid.UUID) -> Response:
        """Show a patient's history with current allergies and conditions."""
        return self.show(self._history(patient_id))

    @declares(
        Perm.HISTORY_WRITE,
        action="history.change",
        object_type="history",
        body=HistoryPatch,
        out=HistoryAnswer,
        version="required",
        within=patient_within,
    )
    def patch(self, patient_id: uuid.UUID) -> Response:
        """Change some parts of a patient's history."""
        service.change_history(patient_id=patient_id, expected=self.expected, **self.body)
        return self.show(self._history(patient_id), "History changed.")

    def _history(self, patient_id: uuid.UUID) -> dict[str, Any]:
        lists = {}
        for name, model, out in _LISTS:
            columns = columns_of(out)
            dump = row_dumper(out, tuple(columns))
            lists[name] = [dump(entry) for entry in queries.entries_of(self.connection, model, columns, [patient_id])]
        # Read last: after a merge it is not found, and the lists above may have been taken by one.
        row = queries.history_row(self.connection, patient_id, _COLUMNS)
        data = {**row_dumper(HistoryOut, (*_COLUMNS, *queries.STATED))(row), **lists}
        return {**data, "no_known_allergies": queries.stated_in(row, patient_id)}


api.add_resource(MedicalHistory, "/patients/<uuid:patient_id>/medical-history")
