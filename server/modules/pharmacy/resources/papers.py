"""Labels, printed prescriptions, and whether one of these is genuine."""

from __future__ import annotations

import io
import uuid
from typing import Any

from flask import Response, request

from server.core import answers, state, trail as trails
from server.core.access import PUBLIC
from server.core.declare import declares
from server.core.resource import Resource
from server.modules.patients.paths import entry_within
from server.modules.pharmacy import paper
from server.modules.pharmacy.queries import labels as queries
from server.modules.pharmacy.queries.verifying import verified
from server.modules.pharmacy.resources.routing import api
from server.modules.pharmacy.schemas.labels import LabelsOut, VerifiedOut
from server.modules.pharmacy.service.dispensing.refusals import PrescriptionDraft
from server.modules.prescriptions.enums import PrescriptionStatus
from server.modules.prescriptions.models import Prescription
from server.modules.prescriptions.policies import Perm

_PDF = "application/pdf"
_ONE: dict[str, Any] = {"object_type": "prescription", "within": entry_within(Prescription, "prescription_id")}
_PRINT: dict[str, Any] = {**_ONE, "action": "prescriptions.print", "media_type": _PDF}


class Papers(Resource):
    """The base of what is printed of a prescription."""

    def labels(self, prescription_id: uuid.UUID) -> dict[str, Any]:
        """Return what stands on the labels."""
        trails.current().about(prescription_id, patient_id=self.parent.id)
        return queries.labels_of(self.connection, prescription_id, as_patient=self.parent.as_patient)

    def printed_labels(self, prescription_id: uuid.UUID) -> Response:
        """Answer the labels as they are printed."""
        found = self.labels(prescription_id)
        name = f"label-{found['rx_number']}.pdf"
        return answers.download(lambda: io.BytesIO(paper.labels_pdf(found)), name=name, media_type=_PDF)


class PrescriptionLabel(Papers):
    """The labels of a prescription."""

    @declares(Perm.READ, action="prescriptions.label", out=LabelsOut, other_media_types=(_PDF,), **_ONE)
    def get(self, prescription_id: uuid.UUID) -> Response:
        """Show what stands on the labels, or print them where a PDF is asked for."""
        if answers_pdf():
            return self.printed_labels(prescription_id)
        return answers.envelope(self.labels(prescription_id))


class PrescriptionLabelPrinted(Papers):
    """The labels of a prescription on paper."""

    @declares(Perm.READ, **_PRINT)
    def get(self, prescription_id: uuid.UUID) -> Response:
        """Print the labels of a prescription, a page each."""
        return self.printed_labels(prescription_id)


class PrescriptionPrinted(Papers):
    """A prescription on paper."""

    @declares(Perm.READ, problems=(PrescriptionDraft,), **_PRINT)
    def get(self, prescription_id: uuid.UUID) -> Response:
        """Print a prescription, with a code that leads to whether it is genuine; a draft is none yet."""
        trails.current().about(prescription_id, patient_id=self.parent.id)
        found = queries.of_prescription(self.connection, prescription_id, as_patient=self.parent.as_patient)
        if found["status"] == PrescriptionStatus.DRAFT:
            raise PrescriptionDraft
        address = address_of(found["verify_code"])
        return answers.download(
            lambda: io.BytesIO(paper.prescription_pdf(found, address=address)),
            name=f"prescription-{found['rx_number']}.pdf",
            media_type=_PDF,
        )


class PrescriptionVerify(Resource):
    """Whether a printed prescription is genuine."""

    @declares(PUBLIC, action="prescriptions.verify", object_type="prescription", out=VerifiedOut, rate="link")
    def get(self, code: str) -> Response:
        """Say whether the code on a printed prescription is genuine, when it was issued and whether it is still open.

        Nothing is said of whose it is nor of what it is about. An unknown code is 404.
        """
        return answers.envelope(verified(self.connection, code))


def answers_pdf() -> bool:
    """Whether the caller wants a PDF rather than JSON."""
    return request.accept_mimetypes.best_match(["application/json", _PDF], "application/json") == _PDF


def address_of(code: str) -> str:
    """Return where anybody verifies a prescription; in production never without TLS."""
    settings = state.settings()
    scheme = "https" if settings.is_production else request.scheme
    base = settings.public_url.rstrip("/") or f"{scheme}://{request.host}"
    return f"{base}{settings.api_prefix}/prescriptions/verify/{code}"


api.add_resource(PrescriptionLabel, "/prescriptions/<uuid:prescription_id>/label")
api.add_resource(PrescriptionLabelPrinted, "/prescriptions/<uuid:prescription_id>/label.pdf")
api.add_resource(PrescriptionPrinted, "/prescriptions/<uuid:prescription_id>.pdf")
api.add_resource(PrescriptionVerify, "/prescriptions/verify/<code>")
