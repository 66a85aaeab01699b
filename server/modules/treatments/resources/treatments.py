"""Treatments: list, plan, one with its changes, completing and cancelling."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response

from server.core import answers, trail as trails
from server.core.declare import declares
from server.core.errors import InvalidTransition, NotFound
from server.core.listing import Page
from server.core.resource import Resource
from server.modules.billing.models import AlreadyCharged
from server.modules.inventory.service.taking import InsufficientStock
from server.modules.inventory.service.witness import WitnessRefused
from server.modules.inventory.witnessed import witness_of
from server.modules.patients.paths import entry_within, reached
from server.modules.patients.policies import Perm as PatientPerm
from server.modules.patients.schemas.chart import ReasonQuery
from server.modules.patients.service.chart import EnteredInError
from server.modules.patients.service.people import PatientMerged
from server.modules.treatments import service
from server.modules.treatments.models import Treatment
from server.modules.treatments.policies import Perm
from server.modules.treatments.queries import treatments as queries
from server.modules.treatments.resources.routing import api
from server.modules.treatments.schemas import (
    TreatmentCancelIn,
    TreatmentCompleteIn,
    TreatmentIn,
    TreatmentOut,
    TreatmentPatch,
    TreatmentPut,
    TreatmentQuery,
)
from server.modules.visits.paths import chart_of
from server.modules.visits.service.gate import VisitClosed

_TREATMENT: dict[str, Any] = {"object_type": "treatment", "out": TreatmentOut}
_WITHIN: dict[str, Any] = {"object_type": "treatment", "within": entry_within(Treatment, "treatment_id")}
_ONE: dict[str, Any] = {**_TREATMENT, **_WITHIN}
_CLOSED = (VisitClosed, EnteredInError)
_CHANGE: dict[str, Any] = {
    **_ONE,
    "action": "treatments.change",
    "version": "required",
    "problems": (*_CLOSED, service.TreatmentClosed, InvalidTransition),
}
_STEP: dict[str, Any] = {**_ONE, "status": 200}

_PATIENT = queries.COLUMNS.index("patient_id")


class Treatments(Resource):
    """The base of what answers with treatments."""

    def seen(self, treatment_id: uuid.UUID, *, as_patient: bool = False) -> dict[str, Any]:
        """Return one treatment."""
        row = queries.treatment_row(self.connection, treatment_id, as_patient=as_patient)
        trails.current().about(treatment_id, patient_id=row[_PATIENT])
        return queries.told(row)

    def many(self, page: Page) -> Response:
        """Answer one page of treatments; the audit row says whose, where they are of one patient."""
        shown = [queries.told(row) for row in page.rows]
        trail = trails.current()
        trail.listed(one["id"] for one in shown)
        trail.shown_of({row[_PATIENT] for row in page.rows}, {row[_PATIENT] for row in page.rows if row[-1]})
        return answers.listed(page, shown)


class TreatmentCollection(Treatments):
    """All treatments."""

    @declares(Perm.READ, action="treatments.list", query=TreatmentQuery, many=True, **_TREATMENT)
    def get(self) -> Response:
        """List the treatments of patients in one's scope."""
        reach = reached(self.connection, self.actor, Perm.READ, self.query.get("patient_id"))
        return self.many(queries.page_of_treatments(self.connection, self.actor, reach, self.query))

    @declares(
        Perm.WRITE,
        action="treatments.plan",
        body=TreatmentIn,
        problems=(NotFound, VisitClosed, PatientMerged),
        **_TREATMENT,
    )
    def post(self) -> Response:
        """Plan a treatment at an open visit; what it uses is taken from stock when it is completed."""
        named = {"visit_id": self.body["visit_id"], "patient_id": self.body.pop("patient_id", None)}
        found = chart_of(self.connection, self.actor, Perm.WRITE, **named)
        made = service.plan(actor=self.actor, patient_id=found.id, **self.body)
        return self.created(self.seen(made.id), "Treatment planned.")


class TreatmentItem(Treatments):
    """One treatment."""

    @declares(Perm.READ, action="treatments.read", **_ONE)
    def get(self, treatment_id: uuid.UUID) -> Response:
        """Show one treatment, to staff also one that was entered in error."""
        return self.show(self.seen(treatment_id, as_patient=self.parent.as_patient))

    @declares(Perm.WRITE, body=TreatmentPut, fixed=("patient_id", "visit_id"), **_CHANGE)
    def put(self, treatment_id: uuid.UUID) -> Response:
        """Replace what can be written of a treatment that is not over."""
        return self._change(treatment_id, is_whole=True)

    @declares(Perm.WRITE, body=TreatmentPatch, **_CHANGE)
    def patch(self, treatment_id: uuid.UUID) -> Response:
        """Change what is sent of a treatment that is not over."""
        return self._change(treatment_id, is_whole=False)

    def _change(self, treatment_id: uuid.UUID, *, is_whole: bool) -> Response:
        service.change(treatment_id=treatment_id, expected=self.expected, is_whole=is_whole, **self.body)
        return self.show(self.seen(treatment_id), "Treatment changed.")

    @declares(PatientPerm.VOID, action="treatments.void", query=ReasonQuery, version="required", **_WITHIN)
    def delete(self, treatment_id: uuid.UUID) -> Response:
        """Mark one's own treatment as entered in error, once completed as who did that; it stays readable by id.

        Its charge is taken back unless it is on an invoice: `charge_id` then says which stands. What was used is not
        put back on the shelf.
        """
        service.mark_as_error(
            actor=self.actor,
            patient_id=self.parent.id,
            treatment_id=treatment_id,
            expected=self.expected,
            reason=self.query["reason"],
        )
        return self.gone()


class TreatmentComplete(Treatments):
    """A treatment is done."""

    def before_post(self, treatment_id: uuid.UUID) -> uuid.UUID | None:
        """Prove the witness, whose password is hashed."""
        return witness_of(self)

    @declares(
        Perm.WRITE,
        action="treatments.complete",
        body=TreatmentCompleteIn,
        body_required=False,
        problems=(*_CLOSED, InvalidTransition, InsufficientStock, AlreadyCharged, WitnessRefused),
        **_STEP,
    )
    def post(self, treatment_id: uuid.UUID) -> Response:
        """Complete a treatment: what it uses leaves the stock and one charge is raised, or nothing happens.

        Where it uses controlled stock, it takes a witness.
        """
        service.complete(actor=self.actor, treatment_id=treatment_id, witness_id=self.prepared)
        return self.show(self.seen(treatment_id), "Treatment completed.")


class TreatmentCancel(Treatments):
    """A treatment is not done after all."""

    @declares(
        Perm.WRITE,
        action="treatments.cancel",
        body=TreatmentCancelIn,
        body_required=False,
        problems=(*_CLOSED, InvalidTransition),
        **_STEP,
    )
    def post(self, treatment_id: uuid.UUID) -> Response:
        """Cancel a treatment that is not completed."""
        service.cancel(treatment_id=treatment_id, reason=self.body.get("reason"))
        return self.show(self.seen(treatment_id), "Treatment cancelled.")


api.add_resource(TreatmentCollection, "/treatments")
api.add_resource(TreatmentItem, "/treatments/<uuid:treatment_id>")
api.add_resource(TreatmentComplete, "/treatments/<uuid:treatment_id>/complete")
api.add_resource(TreatmentCancel, "/treatments/<uuid:treatment_id>/cancel")
