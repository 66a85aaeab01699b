"""Invitations of patients to the portal."""

from __future__ import annotations

import uuid

from flask import Response

from server.core.declare import declares
from server.core.resource import Resource
from server.modules.patients.policies import Perm
from server.modules.patients.resources.routing import api
from server.modules.patients.schemas.portal import PortalInvitationOut
from server.modules.patients.service import people, portal


class PortalInvitation(Resource):
    """An account for a patient."""

    @declares(
        Perm.INVITE,
        action="patients.invite",
        object_type="patient",
        out=PortalInvitationOut,
        status=200,
        problems=(
            *(people.PatientDeceased, people.PatientMerged, people.AlreadyHasChart),
            portal.AlreadyHasAccount,
        ),
    )
    def post(self, patient_id: uuid.UUID) -> Response:
        """Mail a patient a link that ties an account to this chart; an earlier link dies."""
        patient = portal.invite(actor=self.actor, patient_id=patient_id)
        return self.show({"id": patient.id, "email": patient.email}, "Invitation sent.")


api.add_resource(PortalInvitation, "/patients/<uuid:patient_id>/portal-invitation")
