"""Conditions of a patient."""

from __future__ import annotations

import uuid

from flask import Response

from server.core.declare import declares
from server.modules.patients.models import Condition
from server.modules.patients.policies import Perm
from server.modules.patients.resources.entries import Entries
from server.modules.patients.resources.routing import api, patient_within
from server.modules.patients.schemas.chart import ChartQuery, ConditionCreate, ConditionIn, ConditionOut, ReasonQuery
from server.modules.patients.service import chart as service

_ENTRY = {"object_type": "condition", "within": patient_within}
_CHANGE = {**_ENTRY, "out": ConditionOut, "version": "required", "problems": (service.EnteredInError,)}


class ConditionCollection(Entries):
    """The standing conditions of a patient."""

    model = Condition
    out = ConditionOut

    @declares(Perm.CHART_READ, action="conditions.list", query=ChartQuery, out=ConditionOut, many=True, **_ENTRY)
    def get(self, patient_id: uuid.UUID) -> Response:
        """List the conditions of a patient."""
        return self.listed(patient_id)

    @declares(Perm.CONDITIONS_WRITE, action="conditions.add", body=ConditionCreate, out=ConditionOut, **_ENTRY)
    def post(self, patient_id: uuid.UUID) -> Response:
        """Add a condition."""
        entry = service.add_condition(actor=self.actor, patient_id=patient_id, **self.body)
        return self.created(self.shown(patient_id, entry.id), "Condition added.")


class ConditionItem(Entries):
    """One condition of a patient."""

    model = Condition
    out = ConditionOut

    @declares(Perm.CHART_READ, action="conditions.read", out=ConditionOut, **_ENTRY)
    def get(self, patient_id: uuid.UUID, condition_id: uuid.UUID) -> Response:
        """Show one condition, one that was entered in error included."""
        return self.show(self.shown(patient_id, condition_id))

    @declares(Perm.CONDITIONS_WRITE, action="conditions.change", body=ConditionIn, **_CHANGE)
    def patch(self, patient_id: uuid.UUID, condition_id: uuid.UUID) -> Response:
        """Correct one condition."""
        service.change_condition(patient_id=patient_id, entry_id=condition_id, expected=self.expected, **self.body)
        return self.show(self.shown(patient_id, condition_id), "Condition changed.")

    @declares(Perm.VOID, action="conditions.void", query=ReasonQuery, version="required", **_ENTRY)
    def delete(self, patient_id: uuid.UUID, condition_id: uuid.UUID) -> Response:
        """Mark one's own condition as entered in error; it stays readable by id."""
        return self.voided(patient_id, condition_id)


api.add_resource(ConditionCollection, "/patients/<uuid:patient_id>/conditions")
api.add_resource(ConditionItem, "/patients/<uuid:patient_id>/conditions/<uuid:condition_id>")
