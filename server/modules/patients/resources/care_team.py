"""The care team of a patient."""

from __future__ import annotations

import uuid

from flask import Response, request

from server.core.declare import declares
from server.core.dump import row_dumper
from server.core.resource import Resource
from server.modules.patients.models.care import AlreadyMember
from server.modules.patients.policies import Perm
from server.modules.patients.queries import chart as queries
from server.modules.patients.resources.routing import api, patient_within
from server.modules.patients.schemas.chart import MemberIn, MemberOut, MemberQuery
from server.modules.patients.service import care

_TEAM = {"object_type": "care_relation", "within": patient_within}


class CareTeam(Resource):
    """The members of a care team."""

    @declares(Perm.CARE_TEAM_READ, action="care_team.list", query=MemberQuery, out=MemberOut, many=True, **_TEAM)
    def get(self, patient_id: uuid.UUID) -> Response:
        """List the care team of a patient."""
        return self.page(queries.page_of_team(self.connection, patient_id, self.query))

    @declares(
        Perm.CARE_TEAM_MANAGE,
        action="care_team.join",
        body=MemberIn,
        out=MemberOut,
        problems=(AlreadyMember,),
        **_TEAM,
    )
    def post(self, patient_id: uuid.UUID) -> Response:
        """Make a clinician a member of the care team, which opens the chart to them."""
        user_id = self.body["user_id"]
        care.join_team(patient_id=patient_id, user_id=user_id, added_by=self.actor.user_id, role=self.body["role"])
        row = queries.member_row(self.connection, patient_id, user_id)
        member = row_dumper(MemberOut, tuple(row._fields))(row)
        return self.created(member, "Joined the care team.", location=f"{request.path}/{user_id}")


class CareTeamMember(Resource):
    """One member of a care team."""

    @declares(Perm.CARE_TEAM_MANAGE, action="care_team.leave", **_TEAM)
    def delete(self, patient_id: uuid.UUID, user_id: uuid.UUID) -> Response:
        """End a membership."""
        care.leave_team(patient_id=patient_id, user_id=user_id)
        return self.gone()


api.add_resource(CareTeam, "/patients/<uuid:patient_id>/care-team")
api.add_resource(CareTeamMember, "/patients/<uuid:patient_id>/care-team/<uuid:user_id>")
