"""Vital signs: of a visit, of a patient, one set."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response

from server.core import answers, state, trail as trails
from server.core.declare import declares
from server.core.dump import row_dumper
from server.core.listing import Page
from server.core.resource import Resource
from server.modules.patients.paths import entry_within, patient_within
from server.modules.patients.policies import Perm as PatientPerm
from server.modules.patients.queries.people import present_page
from server.modules.patients.schemas.chart import ReasonQuery
from server.modules.patients.service.chart import EnteredInError
from server.modules.visits.paths import visit_within
from server.modules.visits.service.gate import VisitClosed
from server.modules.vitals.enums import MeasurementStatus
from server.modules.vitals.models import VitalSet
from server.modules.vitals.policies import Perm
from server.modules.vitals.queries import series, sets
from server.modules.vitals.resources.routing import api
from server.modules.vitals.schemas.shown import PointOut, SeriesQuery, VitalsAnswer, VitalSetAnswer, VitalsQuery
from server.modules.vitals.schemas.taking import AmendIn, VitalsIn
from server.modules.vitals.service import taking as service

_within = entry_within(VitalSet, "vital_id")
_OF_VISIT = {"object_type": "vital_set", "within": visit_within, "out": VitalSetAnswer}
_SET = {"object_type": "vital_set", "within": _within}


class Vitals(Resource):
    """The base of what answers with sets."""

    def sets(self, page: Page) -> Response:
        """Answer one page of sets with their values."""
        former = self.query.get("status") == MeasurementStatus.SUPERSEDED
        shown = sets.with_values(self.connection, page.rows, with_former=former)
        trails.current().listed(one["id"] for one in shown)
        return answers.listed(page, shown)

    def seen(self, vital_id: uuid.UUID) -> dict[str, Any]:
        """Return one set as the caller sees it."""
        return sets.one_set(self.connection, vital_id, as_patient=self.parent.as_patient)


class VisitVitals(Vitals):
    """The vital signs of a visit."""

    @declares(Perm.READ, action="vitals.list", query=VitalsQuery, many=True, **_OF_VISIT)
    def get(self, visit_id: uuid.UUID) -> Response:
        """List the sets of vital signs that were taken at a visit, newest first."""
        whose = VitalSet.visit_id == visit_id
        return self.sets(sets.page_of_sets(self.connection, whose, self.query, as_patient=self.parent.as_patient))

    @declares(Perm.WRITE, action="vitals.take", body=VitalsIn, problems=(VisitClosed,), **_OF_VISIT)
    def post(self, visit_id: uuid.UUID) -> Response:
        """Take vital signs at an open visit; units are converted, values judged, the BMI computed."""
        made = service.take(actor=self.actor, patient_id=self.parent.id, visit_id=visit_id, **self.body)
        where = f"{state.settings().api_prefix}/vitals/{made.id}"
        return self.created(self.seen(made.id), "Vital signs taken.", location=where)


class PatientVitals(Vitals):
    """The vital signs of a patient."""

    @declares(
        Perm.READ,
        action="vitals.list",
        object_type="vital_set",
        query=SeriesQuery,
        out=VitalsAnswer,
        many=True,
        within=patient_within,
    )
    def get(self, patient_id: uuid.UUID) -> Response:
        """List a patient's sets of vital signs, newest first; with `kind` the series of that kind, oldest first."""
        as_patient = self.parent.as_patient
        if "kind" in self.query:
            page = series.page_of_series(self.connection, patient_id, self.query, as_patient=as_patient)
            answer = self.page(present_page(self.connection, patient_id, page), dump=_dump_point)
            trails.current().listed(row[_SET_ID] for row in page.rows)
            return answer
        whose = VitalSet.patient_id == patient_id
        page = sets.page_of_sets(self.connection, whose, self.query, as_patient=as_patient)
        return self.sets(present_page(self.connection, patient_id, page))


class VitalItem(Vitals):
    """One set of vital signs."""

    @declares(Perm.READ, action="vitals.read", out=VitalSetAnswer, **_SET)
    def get(self, vital_id: uuid.UUID) -> Response:
        """Show one set with what was amended; staff see one that was entered in error too."""
        return self.show(self.seen(vital_id))

    @declares(PatientPerm.VOID, action="vitals.void", query=ReasonQuery, version="required", **_SET)
    def delete(self, vital_id: uuid.UUID) -> Response:
        """Mark one's own set as entered in error; it stays readable by id."""
        service.mark_as_error(
            actor=self.actor,
            patient_id=self.parent.id,
            entry_id=vital_id,
            expected=self.expected,
            reason=self.query["reason"],
        )
        return self.gone()


class VitalAmend(Vitals):
    """Amending vital signs."""

    @declares(
        Perm.WRITE,
        action="vitals.amend",
        status=200,
        body=AmendIn,
        out=VitalSetAnswer,
        version="required",
        problems=(VisitClosed, EnteredInError),
        **_SET,
    )
    def post(self, vital_id: uuid.UUID) -> Response:
        """Amend values of a set, or add what was missing; the old ones stay readable as superseded."""
        service.amend(
            actor=self.actor, patient_id=self.parent.id, entry_id=vital_id, expected=self.expected, **self.body
        )
        return self.show(self.seen(vital_id), "Vital signs amended.")


_dump_point = row_dumper(PointOut, series.COLUMNS)
_SET_ID = series.COLUMNS.index("set_id")

api.add_resource(VisitVitals, "/visits/<uuid:visit_id>/vitals")
api.add_resource(PatientVitals, "/patients/<uuid:patient_id>/vitals")
api.add_resource(VitalItem, "/vitals/<uuid:vital_id>")
api.add_resource(VitalAmend, "/vitals/<uuid:vital_id>/amend")
