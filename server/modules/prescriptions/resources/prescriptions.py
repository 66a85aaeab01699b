"""Prescriptions: list, write, one with the changes of a draft, and what would speak against one."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from typing import Any

from flask import Response

from server.core.declare import declares
from server.core.errors import InvalidTransition, NotFound
from server.modules.patients.paths import entry_within, reached
from server.modules.patients.policies import Perm as PatientPerm
from server.modules.patients.queries.reach import reach
from server.modules.patients.schemas.chart import ReasonQuery
from server.modules.patients.service.chart import EnteredInError
from server.modules.patients.service.people import PatientDeceased, PatientMerged
from server.modules.prescriptions.models import Prescription
from server.modules.prescriptions.paths import looked_at, written_within
from server.modules.prescriptions.policies import Perm
from server.modules.prescriptions.queries import prescriptions as queries
from server.modules.prescriptions.resources.routing import api
from server.modules.prescriptions.resources.showing import Prescriptions
from server.modules.prescriptions.schemas.shown import PrescriptionAnswer, PrescriptionQuery, SafetyCheckOut
from server.modules.prescriptions.schemas.writing import CheckIn, PrescriptionIn, PrescriptionPatch, PrescriptionPut
from server.modules.prescriptions.service import checking, ending, prescriber, refusals, writing
from server.modules.prescriptions.service.checks import SafetyCheckFailed
from server.modules.visits.paths import chart_of
from server.modules.visits.service.gate import VisitClosed

_PRESCRIPTION: dict[str, Any] = {"object_type": "prescription", "out": PrescriptionAnswer}
_ITEM: dict[str, Any] = {"object_type": "prescription", "within": entry_within(Prescription, "prescription_id")}
_CHANGE: dict[str, Any] = {
    **_PRESCRIPTION,
    "also": (Perm.ENTER,),
    "within": written_within,
    "action": "prescriptions.change",
    "version": "required",
    "problems": (
        *(VisitClosed, EnteredInError, InvalidTransition, refusals.PrescriptionActive, refusals.PrescriptionFilled),
    ),
}


class PrescriptionCollection(Prescriptions):
    """All prescriptions."""

    @declares(Perm.READ, action="prescriptions.list", query=PrescriptionQuery, many=True, **_PRESCRIPTION)
    def get(self) -> Response:
        """List prescriptions, the latest first; the pharmacy sees all, and of the chart the card and allergies alone.

        Those with the status `active` are the queue of what may be filled. Patients see no drafts.
        """
        patient_id = self.query.get("patient_id")
        seen = reached(self.connection, self.actor, Perm.READ, patient_id)
        charts = reach(self.connection, self.actor, PatientPerm.CHART_READ, patient_id)
        return self.many(queries.page_of_prescriptions(self.connection, self.actor, seen, charts, self.query))

    @declares(
        Perm.WRITE,
        also=(Perm.ENTER,),
        action="prescriptions.write",
        body=PrescriptionIn,
        problems=(
            *(NotFound, VisitClosed, PatientDeceased, PatientMerged, SafetyCheckFailed, refusals.LicenseExpired),
        ),
        **_PRESCRIPTION,
    )
    def post(self) -> Response:
        """Prescribe: active once the safety checks are answered for, unless it is to be a draft.

        A doctor prescribes in their own name. The pharmacy enters what somebody from outside has prescribed, with
        `source` external and who that is; a pharmacy technician enters drafts.
        """
        needed = prescriber.permission_for(prescriber.source_of(self.body))
        self.actor.require(needed)
        patient_id, visit_id = self.body.pop("patient_id", None), self.body["visit_id"]
        # The pharmacy learns of no visit.
        named = visit_id if needed == Perm.WRITE else None
        found = chart_of(self.connection, self.actor, needed, visit_id=named, patient_id=patient_id)
        made = writing.prescribe(actor=self.actor, patient_id=found.id, **self.body)
        return self.created(self.seen(made.id, found), "Prescribed.")


class PrescriptionItem(Prescriptions):
    """One prescription."""

    @declares(Perm.READ, action="prescriptions.read", **{**_PRESCRIPTION, **_ITEM})
    def get(self, prescription_id: uuid.UUID) -> Response:
        """Show one prescription, to staff with what the checks have found; past its last day it is expired."""
        return self.show(self.seen(prescription_id))

    @declares(Perm.WRITE, body=PrescriptionPut, fixed=("patient_id", "visit_id", "source", "status"), **_CHANGE)
    def put(self, prescription_id: uuid.UUID) -> Response:
        """Replace what a draft says; an active one is revised instead."""
        return self._change(prescription_id)

    @declares(Perm.WRITE, body=PrescriptionPatch, **_CHANGE)
    def patch(self, prescription_id: uuid.UUID) -> Response:
        """Change what is sent of a draft; an active one is revised instead."""
        return self._change(prescription_id)

    def _change(self, prescription_id: uuid.UUID) -> Response:
        writing.change(
            actor=self.actor,
            patient_id=self.parent.id,
            prescription_id=prescription_id,
            expected=self.expected,
            **self.body,
        )
        return self.show(self.seen(prescription_id), "Draft changed.")

    @declares(
        PatientPerm.VOID,
        action="prescriptions.void",
        query=ReasonQuery,
        version="required",
        problems=(refusals.AlreadyDispensed,),
        **_ITEM,
    )
    def delete(self, prescription_id: uuid.UUID) -> Response:
        """Mark one's own prescription as entered in error, on which nothing was handed out; it stays readable by id."""
        ending.mark_as_error(
            actor=self.actor,
            patient_id=self.parent.id,
            prescription_id=prescription_id,
            expected=self.expected,
            reason=self.query["reason"],
        )
        return self.gone()


class PrescriptionCheck(Prescriptions):
    """What would speak against a prescription."""

    @declares(
        Perm.CHECK,
        action="prescriptions.check",
        object_type="patient",
        status=200,
        body=CheckIn,
        out=SafetyCheckOut,
        problems=(NotFound, PatientMerged),
    )
    def post(self) -> Response:
        """Run all safety checks on what would be prescribed, and write nothing."""
        found = looked_at(self.connection, self.actor, Perm.CHECK, self.body.pop("patient_id"))
        findings = checking.look(patient_id=found.id, **self.body)
        return self.show({"findings": [asdict(one) for one in findings]})


api.add_resource(PrescriptionCollection, "/prescriptions")
api.add_resource(PrescriptionItem, "/prescriptions/<uuid:prescription_id>")
api.add_resource(PrescriptionCheck, "/prescriptions/check")
