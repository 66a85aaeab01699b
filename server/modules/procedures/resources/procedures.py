"""Procedures: ordered, changed, performed, cancelled, added to."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response, request

from server.core import answers, trail as trails
from server.core.declare import declares
from server.core.errors import InvalidTransition, NotFound
from server.core.listing import Page
from server.core.resource import Resource
from server.modules.patients.paths import entry_within, reached
from server.modules.patients.policies import Perm as PatientPerm
from server.modules.patients.schemas.chart import ReasonQuery
from server.modules.patients.service.chart import EnteredInError
from server.modules.patients.service.people import PatientDeceased, PatientMerged
from server.modules.procedures.models import Procedure
from server.modules.procedures.policies import Perm
from server.modules.procedures.queries import procedures as queries
from server.modules.procedures.resources.routing import api
from server.modules.procedures.schemas import (
    PerformIn,
    ProcedureAddendumIn,
    ProcedureAnswer,
    ProcedureCancelIn,
    ProcedureCreate,
    ProcedureIn,
    ProcedureQuery,
)
from server.modules.procedures.service import ordering, performing
from server.modules.visits.paths import chart_of
from server.modules.visits.service.gate import VisitClosed

_LIST = {"object_type": "procedure", "out": ProcedureAnswer}
_ITEM: dict[str, Any] = {"object_type": "procedure", "within": entry_within(Procedure, "procedure_id")}
_SHOWN = {**_ITEM, "out": ProcedureAnswer}
_PATIENT = queries.COLUMNS.index("patient_id")
_CLOSED = (VisitClosed, EnteredInError, ordering.AlreadyPerformed, InvalidTransition)


class Procedures(Resource):
    """The base of what answers with procedures."""

    def seen(self, procedure_id: uuid.UUID, *, as_patient: bool = False) -> dict[str, Any]:
        """Return one procedure."""
        return queries.one_procedure(self.connection, procedure_id, as_patient=as_patient)

    def many(self, page: Page) -> Response:
        """Answer one page of procedures; the audit row says whose, where they are of one patient."""
        shown = queries.with_addenda(self.connection, page.rows)
        trail = trails.current()
        trail.listed(one["id"] for one in shown)
        trail.shown_of({row[_PATIENT] for row in page.rows}, {row[_PATIENT] for row in page.rows if row[-1]})
        return answers.listed(page, shown)

    def of(self, procedure_id: uuid.UUID) -> dict[str, Any]:
        """Return what each verb is told of the procedure."""
        return {"patient_id": self.parent.id, "procedure_id": procedure_id}


class ProcedureCollection(Procedures):
    """All procedures."""

    @declares(Perm.READ, action="procedures.list", query=ProcedureQuery, many=True, **_LIST)
    def get(self) -> Response:
        """List procedures, the latest order first."""
        reach = reached(self.connection, self.actor, Perm.READ, self.query.get("patient_id"))
        return self.many(queries.page_of_procedures(self.connection, self.actor, reach, self.query))

    @declares(
        Perm.ORDER,
        action="procedures.order",
        body=ProcedureCreate,
        problems=(NotFound, VisitClosed, PatientDeceased, PatientMerged),
        **_LIST,
    )
    def post(self) -> Response:
        """Order a procedure, at an open visit or for a patient."""
        named = {name: self.body.pop(name, None) for name in ("visit_id", "patient_id")}
        found = chart_of(self.connection, self.actor, Perm.ORDER, **named)
        ordered = ordering.order(actor=self.actor, patient_id=found.id, visit_id=named["visit_id"], **self.body)
        return self.created(self.seen(ordered.id), "Procedure ordered.")


class ProcedureItem(Procedures):
    """One procedure."""

    @declares(Perm.READ, action="procedures.read", **_SHOWN)
    def get(self, procedure_id: uuid.UUID) -> Response:
        """Show one procedure with what was added to it; staff see one that was entered in error too."""
        return self.show(self.seen(procedure_id, as_patient=self.parent.as_patient))

    @declares(
        Perm.ORDER,
        action="procedures.change",
        body=ProcedureIn,
        fixed=("patient_id", "visit_id", "doctor_id"),
        version="required",
        problems=_CLOSED,
        **_SHOWN,
    )
    def put(self, procedure_id: uuid.UUID) -> Response:
        """Replace what was ordered."""
        return self._change(procedure_id)

    @declares(Perm.ORDER, action="procedures.change", body=ProcedureIn, version="required", problems=_CLOSED, **_SHOWN)
    def patch(self, procedure_id: uuid.UUID) -> Response:
        """Change some of what was ordered."""
        return self._change(procedure_id)

    def _change(self, procedure_id: uuid.UUID) -> Response:
        ordering.change(**self.of(procedure_id), expected=self.expected, **self.body)
        return self.show(self.seen(procedure_id), "Procedure changed.")

    @declares(PatientPerm.VOID, action="procedures.void", query=ReasonQuery, version="required", **_ITEM)
    def delete(self, procedure_id: uuid.UUID) -> Response:
        """Mark one's own entry as entered in error and take its open charge back; it stays readable by id."""
        performing.mark_as_error(
            actor=self.actor, **self.of(procedure_id), expected=self.expected, reason=self.query["reason"]
        )
        return self.gone()


class ProcedurePerform(Procedures):
    """Performing a procedure."""

    @declares(
        Perm.PERFORM,
        action="procedures.perform",
        status=200,
        body=PerformIn,
        body_required=False,
        problems=_CLOSED,
        **_SHOWN,
    )
    def post(self, procedure_id: uuid.UUID) -> Response:
        """Say that a procedure was performed, once, and how; one with a service is charged.

        One that was ordered at a visit which has closed since waits for that visit to be opened again.
        """
        performing.perform(actor=self.actor, **self.of(procedure_id), **self.body)
        return self.show(self.seen(procedure_id), "Procedure performed.")


class ProcedureCancel(Procedures):
    """Cancelling a procedure."""

    @declares(Perm.ORDER, action="procedures.cancel", status=200, body=ProcedureCancelIn, problems=_CLOSED, **_SHOWN)
    def post(self, procedure_id: uuid.UUID) -> Response:
        """Cancel a procedure that was not performed.

        One that was ordered at a visit which has closed since waits for that visit to be opened again.
        """
        ordering.cancel(**self.of(procedure_id), **self.body)
        return self.show(self.seen(procedure_id), "Procedure cancelled.")


class ProcedureAddenda(Procedures):
    """What is added to a performed procedure."""

    @declares(
        Perm.PERFORM,
        action="procedures.addend",
        body=ProcedureAddendumIn,
        problems=(performing.NotPerformed, EnteredInError),
        **_SHOWN,
    )
    def post(self, procedure_id: uuid.UUID) -> Response:
        """Add to a performed procedure, also after its visit was closed; it is answered with all that was added."""
        performing.addend(actor=self.actor, **self.of(procedure_id), **self.body)
        where = request.path.removesuffix("/addenda")
        return self.created(self.seen(procedure_id), "Added to the procedure.", location=where)


api.add_resource(ProcedureCollection, "/procedures")
api.add_resource(ProcedureItem, "/procedures/<uuid:procedure_id>")
api.add_resource(ProcedurePerform, "/procedures/<uuid:procedure_id>/perform")
api.add_resource(ProcedureCancel, "/procedures/<uuid:procedure_id>/cancel")
api.add_resource(ProcedureAddenda, "/procedures/<uuid:procedure_id>/addenda")
