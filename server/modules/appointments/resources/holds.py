"""Times that are held."""

from __future__ import annotations

import uuid

from flask import Response

from server.core import answers
from server.core.declare import declares
from server.core.resource import Resource
from server.modules.appointments.models.booking import PatientBusy, SlotTaken
from server.modules.appointments.policies import Perm
from server.modules.appointments.resources.routing import api
from server.modules.appointments.schemas.booking import HoldIn, HoldOut
from server.modules.appointments.service import holds
from server.modules.appointments.service.refusals import NotAvailable, PatientInactive, TooManyHolds
from server.modules.patients.service.people import PatientDeceased, PatientMerged


class HoldCollection(Resource):
    """All holds."""

    @declares(
        Perm.BOOK,
        action="appointments.hold",
        object_type="hold",
        body=HoldIn,
        out=HoldOut,
        problems=(
            *(SlotTaken, PatientBusy, NotAvailable, TooManyHolds),
            *(PatientDeceased, PatientMerged, PatientInactive),
        ),
    )
    def post(self) -> Response:
        """Hold a time for some minutes, for nobody else to take. Patients who name nobody hold it for themselves."""
        return self.created(holds.hold(actor=self.actor, **self.body), "Held.")


class HoldItem(Resource):
    """One hold."""

    @declares(Perm.BOOK, action="appointments.release", object_type="hold")
    def delete(self, hold_id: uuid.UUID) -> Response:
        """Release a hold of one's own."""
        holds.release(actor=self.actor, hold_id=hold_id)
        return answers.no_content()


api.add_resource(HoldCollection, "/appointments/holds")
api.add_resource(HoldItem, "/appointments/holds/<uuid:hold_id>")
