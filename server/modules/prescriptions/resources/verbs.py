"""What becomes of a prescription: made active, revised, renewed, cancelled, stopped."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response

from server.core.declare import declares
from server.core.errors import InvalidTransition
from server.modules.patients.service.chart import EnteredInError
from server.modules.patients.service.people import PatientDeceased
from server.modules.prescriptions.paths import written_within
from server.modules.prescriptions.policies import Perm
from server.modules.prescriptions.resources.routing import api
from server.modules.prescriptions.resources.showing import Prescriptions
from server.modules.prescriptions.schemas.shown import PrescriptionAnswer
from server.modules.prescriptions.schemas.writing import ActivateIn, EndIn, RenewIn, ReviseIn
from server.modules.prescriptions.service import ending, refusals, replacing, writing
from server.modules.prescriptions.service.checks import SafetyCheckFailed
from server.modules.visits.service.gate import VisitClosed

_STEP: dict[str, Any] = {
    "also": (Perm.ENTER,),
    "object_type": "prescription",
    "out": PrescriptionAnswer,
    "within": written_within,
    "status": 200,
}
_CHECKED = (
    *(EnteredInError, InvalidTransition, PatientDeceased, VisitClosed, SafetyCheckFailed),
    refusals.LicenseExpired,
)


class _Verb(Prescriptions):
    """The base of what happens to a prescription."""

    def of(self, prescription_id: uuid.UUID) -> dict[str, Any]:
        """Return what each verb is told of the prescription, with the body."""
        told = {"actor": self.actor, "patient_id": self.parent.id, "prescription_id": prescription_id}
        return {**told, **self.body}


class PrescriptionActivate(_Verb):
    """Making a draft active."""

    @declares(
        Perm.WRITE,
        action="prescriptions.activate",
        body=ActivateIn,
        body_required=False,
        problems=(*_CHECKED, refusals.PrescriptionActive, refusals.PrescriptionFilled),
        **_STEP,
    )
    def post(self, prescription_id: uuid.UUID) -> Response:
        """Make a draft active once the checks are answered for: one's own, or as pharmacist one from outside."""
        writing.activate(**self.of(prescription_id))
        return self.show(self.seen(prescription_id), "Prescription active.")


class PrescriptionRevise(_Verb):
    """The next version of a prescription."""

    @declares(
        Perm.WRITE,
        action="prescriptions.revise",
        body=ReviseIn,
        version="required",
        problems=(*_CHECKED, refusals.PrescriptionFilled, refusals.NotFillable),
        **_STEP,
    )
    def post(self, prescription_id: uuid.UUID) -> Response:
        """Write the next version, checked anew, which is the answer; the one before is stopped.

        What is not sent stays as it is.
        """
        new = replacing.revise(**self.of(prescription_id), expected=self.expected)
        return self.show(self.seen(new.id), "Prescription revised.")


class PrescriptionRenew(_Verb):
    """The same prescription again."""

    @declares(
        Perm.WRITE,
        action="prescriptions.renew",
        body=RenewIn,
        body_required=False,
        problems=(*_CHECKED, refusals.NotFillable),
        **_STEP,
    )
    def post(self, prescription_id: uuid.UUID) -> Response:
        """Prescribe the same again, checked anew, which is the answer; what is still open of the one before ends."""
        new = replacing.renew(**self.of(prescription_id))
        return self.show(self.seen(new.id), "Prescription renewed.")


class PrescriptionCancel(_Verb):
    """Cancelling a prescription."""

    @declares(
        Perm.WRITE,
        action="prescriptions.cancel",
        body=EndIn,
        body_required=False,
        problems=(EnteredInError, InvalidTransition, refusals.AlreadyDispensed),
        **_STEP,
    )
    def post(self, prescription_id: uuid.UUID) -> Response:
        """Cancel a prescription on which nothing was handed out; afterwards it is stopped."""
        ending.cancel(**self.of(prescription_id))
        return self.show(self.seen(prescription_id), "Prescription cancelled.")


class PrescriptionStop(_Verb):
    """Stopping a prescription."""

    @declares(
        Perm.WRITE,
        action="prescriptions.stop",
        body=EndIn,
        body_required=False,
        problems=(EnteredInError, InvalidTransition),
        **_STEP,
    )
    def post(self, prescription_id: uuid.UUID) -> Response:
        """Stop a prescription: it is not to be taken any more, and nothing more is handed out."""
        ending.stop(**self.of(prescription_id))
        return self.show(self.seen(prescription_id), "Prescription stopped.")


for _verb, _resource in (
    ("activate", PrescriptionActivate),
    ("revise", PrescriptionRevise),
    ("renew", PrescriptionRenew),
    ("cancel", PrescriptionCancel),
    ("stop", PrescriptionStop),
):
    api.add_resource(_resource, f"/prescriptions/<uuid:prescription_id>/{_verb}")
