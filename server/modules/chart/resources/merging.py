"""Merging two patients who are one person."""

from __future__ import annotations

import uuid

from flask import Response

from server.core.declare import declares
from server.core.resource import Resource
from server.modules.chart.policies import Perm
from server.modules.chart.resources.routing import api
from server.modules.chart.schemas import MergeIn, MergeOut, UnmergeIn
from server.modules.chart.service import merges, unmerges
from server.modules.patients.service.people import PatientMerged

_ACT = {"object_type": "patient", "out": MergeOut, "status": 200}
_REFUSALS = (PatientMerged, merges.StatusDiffers, merges.StaffAccount)


class PatientMerge(Resource):
    """The merge of a patient."""

    @declares(Perm.MERGE, action="patients.merge", body=MergeIn, problems=_REFUSALS, **_ACT)
    def post(self, patient_id: uuid.UUID) -> Response:
        """Merge a duplicate into this patient, or say in a dry run what that would do."""
        report = merges.merge(actor=self.actor, patient_id=patient_id, **self.body)
        return self.show(report, "Nothing was changed." if report.dry_run else "Patients merged.")


class PatientUnmerge(Resource):
    """The way back of a merge."""

    @declares(
        Perm.MERGE,
        action="patients.unmerge",
        body=UnmergeIn,
        body_required=False,
        problems=(unmerges.NotMerged, unmerges.LaterMerge),
        **_ACT,
    )
    def post(self, patient_id: uuid.UUID) -> Response:
        """Take back the latest merge of this patient, or the one that a duplicate went into."""
        return self.show(unmerges.unmerge(actor=self.actor, patient_id=patient_id, **self.body), "Patients unmerged.")


api.add_resource(PatientMerge, "/patients/<uuid:patient_id>/merge")
api.add_resource(PatientUnmerge, "/patients/<uuid:patient_id>/unmerge")
