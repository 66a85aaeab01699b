"""Immunisations, their catalogue and what is due over HTTP."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, Response

from server.core import trail as trails
from server.core.declare import declares
from server.core.resource import Api, Resource
from server.modules.patients.paths import entry_within, patient_within, reached
from server.modules.patients.policies import Perm as OfPatients
from server.modules.patients.schemas.chart import ReasonQuery
from server.modules.patients.service.chart import EnteredInError
from server.modules.patients.service.people import PatientMerged
from server.modules.vaccines.catalogue import page_of_catalogue
from server.modules.vaccines.models import Immunization
from server.modules.vaccines.policies import Perm
from server.modules.vaccines.queries import due, vaccines as queries
from server.modules.vaccines.schemas import (
    CatalogueOut,
    CatalogueQuery,
    DueOut,
    DueQuery,
    VaccineCreate,
    VaccineIn,
    VaccineOut,
    VaccineQuery,
    VaccineVersionOut,
    VersionQuery,
)
from server.modules.vaccines.service import vaccines as service
from server.modules.vaccines.service.vaccines import DuplicateVaccine
from server.modules.visits.paths import chart_of
from server.modules.visits.service.gate import VisitClosed

blueprint = Blueprint("vaccines", __name__)
api = Api(blueprint)

AN_AID = "An aid: the schedule knows ages, dates and doses, not the patient. The clinician decides."

_TYPE = {"object_type": "immunization"}
_WITHIN = {**_TYPE, "within": entry_within(Immunization, "vaccine_id")}
_CHANGE = {**_WITHIN, "body": VaccineIn, "out": VaccineOut, "version": "required"}
_REFUSALS = (EnteredInError, VisitClosed, DuplicateVaccine)

_PATIENT = queries.COLUMNS.index("patient_id")


class _Vaccines(Resource):
    def found(self, vaccine_id: uuid.UUID, *, as_patient: bool = False) -> dict[str, Any]:
        """Return one entry as it is answered."""
        return queries.told(queries.vaccine_row(self.connection, vaccine_id, as_patient=as_patient))


class VaccineCollection(_Vaccines):
    """What was given."""

    @declares(Perm.READ, action="vaccines.list", query=VaccineQuery, out=VaccineOut, many=True, **_TYPE)
    def get(self) -> Response:
        """List what was given or was not, the latest first."""
        patient_id = self.query.get("patient_id")
        reach = reached(self.connection, self.actor, Perm.READ, patient_id)
        page = queries.page_of_vaccines(self.connection, self.actor, reach, self.query)
        wards = {row[_PATIENT] for row in page.rows if row[-1]}
        trails.current().shown_of({row[_PATIENT] for row in page.rows}, wards)
        return self.page(page, dump=queries.told)

    @declares(
        Perm.WRITE,
        action="vaccines.record",
        body=VaccineCreate,
        out=VaccineOut,
        problems=(VisitClosed, PatientMerged, DuplicateVaccine),
        **_TYPE,
    )
    def post(self) -> Response:
        """Record a vaccine that was given here or elsewhere, or was not given and why.

        The same vaccine on the same day is a 409 with the entry that stands, unless `confirm_new` is true.
        """
        named = {name: self.body.pop(name) for name in ("visit_id", "patient_id")}
        patient = chart_of(self.connection, self.actor, Perm.WRITE, **named)
        dose = service.record(actor=self.actor, patient_id=patient.id, visit_id=named["visit_id"], **self.body)
        return self.created(self.found(dose.id), "Vaccine recorded.")


class VaccineItem(_Vaccines):
    """One entry."""

    @declares(Perm.READ, action="vaccines.read", out=VaccineOut, **_WITHIN)
    def get(self, vaccine_id: uuid.UUID) -> Response:
        """Show one entry, to staff also one that was entered in error."""
        return self.show(self.found(vaccine_id, as_patient=self.parent.as_patient))

    @declares(
        Perm.WRITE,
        action="vaccines.change",
        fixed=("patient_id", "visit_id", "source"),
        problems=_REFUSALS,
        **_CHANGE,
    )
    def put(self, vaccine_id: uuid.UUID) -> Response:
        """Correct all fields of an entry; what it said before stays readable."""
        return self._changed(vaccine_id)

    @declares(Perm.WRITE, action="vaccines.change", problems=_REFUSALS, **_CHANGE)
    def patch(self, vaccine_id: uuid.UUID) -> Response:
        """Correct some fields of an entry; what it said before stays readable."""
        return self._changed(vaccine_id)

    def _changed(self, vaccine_id: uuid.UUID) -> Response:
        service.change(actor=self.actor, vaccine_id=vaccine_id, expected=self.expected, **self.body)
        return self.show(self.found(vaccine_id), "Vaccine changed.")

    @declares(OfPatients.VOID, action="vaccines.void", query=ReasonQuery, version="required", **_WITHIN)
    def delete(self, vaccine_id: uuid.UUID) -> Response:
        """Mark one's own entry as entered in error; it stays readable by id, and the other doses are judged anew."""
        service.mark_as_error(
            actor=self.actor,
            patient_id=self.parent.id,
            vaccine_id=vaccine_id,
            expected=self.expected,
            reason=self.query["reason"],
        )
        return self.gone()


class VaccineVersions(_Vaccines):
    """What an entry said before it was corrected."""

    @declares(Perm.READ, action="vaccines.versions", query=VersionQuery, out=VaccineVersionOut, many=True, **_WITHIN)
    def get(self, vaccine_id: uuid.UUID) -> Response:
        """List what an entry said before it was corrected, the latest first."""
        as_patient = self.parent.as_patient
        self.found(vaccine_id, as_patient=as_patient)
        page = queries.page_of_versions(self.connection, vaccine_id, self.query, as_patient=as_patient)
        return self.page(page, dump=queries.told_before)


class VaccineCatalogue(Resource):
    """The catalogue of vaccines."""

    @declares(
        Perm.READ,
        action="vaccines.catalogue",
        object_type="vaccine_code",
        query=CatalogueQuery,
        out=CatalogueOut,
        many=True,
    )
    def get(self) -> Response:
        """List CDC's CVX codes."""
        return self.page(page_of_catalogue(self.query))


class VaccinesDue(Resource):
    """What is due."""

    @declares(
        Perm.READ,
        action="vaccines.due",
        object_type="patient",
        query=DueQuery,
        out=DueOut,
        many=True,
        within=patient_within,
    )
    def get(self, patient_id: uuid.UUID) -> Response:
        """Say where a patient stands in each group of vaccines, and when the next dose is due: an aid to decide by."""
        found = due.due_of(self.connection, patient_id, self.query.get("as_of"))
        return self.items([due.fields_of(one) for one in found], AN_AID)


api.add_resource(VaccineCollection, "/vaccines")
api.add_resource(VaccineItem, "/vaccines/<uuid:vaccine_id>")
api.add_resource(VaccineVersions, "/vaccines/<uuid:vaccine_id>/versions")
api.add_resource(VaccineCatalogue, "/vaccines/catalog")
api.add_resource(VaccinesDue, "/patients/<uuid:patient_id>/vaccines/due")
