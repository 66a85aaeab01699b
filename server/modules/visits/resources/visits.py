"""Visits: list, open, one with its changes, and what became of one."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response

from server.core import answers, trail as trails
from server.core.declare import declares
from server.core.dump import row_dumper
from server.core.errors import InvalidTransition
from server.core.resource import Resource
from server.modules.appointments.service.refusals import PatientInactive
from server.modules.patients.paths import patient_within, reached
from server.modules.patients.policies import Perm as ChartPerm
from server.modules.patients.service.people import FieldNotAllowed, PatientDeceased, PatientMerged
from server.modules.visits.models import VisitExists
from server.modules.visits.paths import visit_within
from server.modules.visits.policies import Perm
from server.modules.visits.queries import visits as queries
from server.modules.visits.resources.routing import api
from server.modules.visits.schemas.visit import (
    ReasonIn,
    StepCard,
    StepOut,
    StepQuery,
    VisitAnswer,
    VisitHistoryAnswer,
    VisitIn,
    VisitPatch,
    VisitPut,
    VisitQuery,
    VoidQuery,
)
from server.modules.visits.service import closing, opening, writing
from server.modules.visits.service.gate import VisitClosed

_VISIT = {"object_type": "visit", "out": VisitAnswer}
_ONE = {**_VISIT, "within": visit_within}
_NOT_FOR = (PatientDeceased, PatientMerged, PatientInactive, FieldNotAllowed)
_CHANGE = {**_ONE, "action": "visits.change", "version": "required", "problems": (VisitClosed,)}
_STEP = {**_ONE, "status": 200}


class Visits(Resource):
    """The base of what answers with visits."""

    def seen(self, visit_id: uuid.UUID) -> dict[str, Any]:
        """Return the visit of the path with the fields that the caller may see."""
        return queries.one(self.connection, self.actor, self.parent, visit_id)


class VisitCollection(Visits):
    """All visits."""

    @declares(Perm.READ, action="visits.list", query=VisitQuery, many=True, **_VISIT)
    def get(self) -> Response:
        """List the visits in one's scope, the latest first."""
        patient_id = self.query.get("patient_id")
        seen, charts = (
            reached(self.connection, self.actor, permission, patient_id)
            for permission in (Perm.READ, ChartPerm.CHART_READ)
        )
        page = queries.page_of_visits(self.connection, self.actor, seen, charts, self.query)
        shown = queries.each(self.connection, page.rows)
        trail, wards = trails.current(), {row[queries.PATIENT] for row in page.rows if row[-2]}
        trail.listed(one["id"] for one in shown)
        trail.shown_of({row[queries.PATIENT] for row in page.rows}, wards)
        return answers.listed(page, shown)

    @declares(
        Perm.OPEN,
        action="visits.open",
        body=VisitIn,
        problems=(VisitExists, InvalidTransition, *_NOT_FOR),
        **_VISIT,
    )
    def post(self) -> Response:
        """Open a visit, from an appointment or of a patient who walked in; the chart is open to those who see them."""
        named = {name: self.body.pop(name) for name in ("appointment_id", "patient_id", "doctor_id")}
        whom = opening.whose(**named)
        self.parent = patient_within(self.connection, self.actor, Perm.OPEN, whom.patient_id)
        about = {"patient_id": whom.patient_id, "doctor_id": whom.doctor_id, "appointment_id": named["appointment_id"]}
        visit = opening.open_visit(actor=self.actor, **about, **self.body)
        return self.created(self.seen(visit.id), "Visit opened.")


class VisitItem(Visits):
    """One visit."""

    @declares(Perm.READ, action="visits.read", **_ONE)
    def get(self, visit_id: uuid.UUID) -> Response:
        """Show one visit; who does not read the chart sees when, with whom, of which type and how it stands."""
        return self.show(self.seen(visit_id))

    @declares(Perm.WRITE, body=VisitPut, fixed=("patient_id", "doctor_id", "appointment_id", "started_at"), **_CHANGE)
    def put(self, visit_id: uuid.UUID) -> Response:
        """Replace what is written of an open visit."""
        return self._change(visit_id)

    @declares(Perm.WRITE, body=VisitPatch, **_CHANGE)
    def patch(self, visit_id: uuid.UUID) -> Response:
        """Change what is sent of an open visit; a diagnosis that is left out of the list stays on record as removed."""
        return self._change(visit_id)

    def _change(self, visit_id: uuid.UUID) -> Response:
        writing.change(actor=self.actor, visit_id=visit_id, expected=self.expected, **self.body)
        return self.show(self.seen(visit_id), "Visit changed.")

    @declares(
        ChartPerm.VOID,
        action="visits.void",
        object_type="visit",
        query=VoidQuery,
        version="required",
        within=visit_within,
        problems=(closing.VisitHasContent,),
    )
    def delete(self, visit_id: uuid.UUID) -> Response:
        """Mark one's own visit as entered in error, once no entry made at it stands; it stays readable to staff."""
        reason = self.query["reason"]
        closing.mark_as_error(actor=self.actor, visit_id=visit_id, expected=self.expected, reason=reason)
        return self.gone()


class VisitComplete(Visits):
    """Having been seen."""

    @declares(Perm.COMPLETE, action="visits.complete", problems=(VisitClosed,), **_STEP)
    def post(self, visit_id: uuid.UUID) -> Response:
        """Complete a visit and its appointment; nothing more is written into it, and drafts of notes stay drafts."""
        closing.complete(actor=self.actor, visit_id=visit_id)
        drafts = queries.drafts_at(self.connection, visit_id)
        told = f" Notes left unsigned: {drafts}." if drafts else ""
        return self.show(self.seen(visit_id), f"Visit completed.{told}")


class VisitReopen(Visits):
    """One more time."""

    @declares(Perm.REOPEN, action="visits.reopen", body=ReasonIn, problems=(closing.VisitNotCompleted,), **_STEP)
    def post(self, visit_id: uuid.UUID) -> Response:
        """Open one's own completed visit again, and say why; its appointment stays completed."""
        closing.reopen(actor=self.actor, visit_id=visit_id, reason=self.body["reason"])
        return self.show(self.seen(visit_id), "Visit opened again.")


class VisitCancel(Visits):
    """Not having been seen."""

    @declares(
        Perm.CANCEL, action="visits.cancel", body=ReasonIn, problems=(VisitClosed, closing.VisitHasContent), **_STEP
    )
    def post(self, visit_id: uuid.UUID) -> Response:
        """Call off a visit while nothing is recorded at it; its appointment stands as before."""
        closing.cancel(actor=self.actor, visit_id=visit_id, reason=self.body["reason"])
        return self.show(self.seen(visit_id), "Visit cancelled.")


class VisitHistory(Visits):
    """What became of one visit."""

    @declares(
        Perm.READ,
        action="visits.history",
        object_type="visit",
        query=StepQuery,
        out=VisitHistoryAnswer,
        many=True,
        within=visit_within,
    )
    def get(self, visit_id: uuid.UUID) -> Response:
        """List who opened, closed and reopened a visit and when, oldest first."""
        trails.current().about(visit_id)
        status = queries.status_of(self.connection, visit_id, as_patient=self.parent.as_patient)
        shape = StepOut if queries.is_open_to(self.connection, self.actor, self.parent, status) else StepCard
        page = queries.page_of_steps(self.connection, visit_id, self.query)
        return self.page(page, dump=row_dumper(shape, page.columns))


api.add_resource(VisitCollection, "/visits")
api.add_resource(VisitItem, "/visits/<uuid:visit_id>")
api.add_resource(VisitComplete, "/visits/<uuid:visit_id>/complete")
api.add_resource(VisitReopen, "/visits/<uuid:visit_id>/reopen")
api.add_resource(VisitCancel, "/visits/<uuid:visit_id>/cancel")
api.add_resource(VisitHistory, "/visits/<uuid:visit_id>/history")
