"""Demographics: list, search, look-up, one patient."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from flask import Response
from marshmallow import Schema

from server.core import answers, trail as trails
from server.core.access import Scope
from server.core.declare import declares
from server.core.dump import columns_of, row_dumper
from server.core.errors import refused
from server.core.resource import Resource
from server.modules.patients.models import Allergy
from server.modules.patients.policies import Perm
from server.modules.patients.queries import people as queries
from server.modules.patients.queries.chart import entries_of
from server.modules.patients.resources.routing import api
from server.modules.patients.schemas.chart import AllergyOut
from server.modules.patients.schemas.patient import (
    LookupCard,
    LookupQuery,
    PatientAnswer,
    PatientCard,
    PatientIn,
    PatientOut,
    PatientPut,
    PatientQuery,
    PatientSearchQuery,
    PatientWithIdentifiers,
)
from server.modules.patients.service import people as service

_COLUMNS = columns_of(PatientWithIdentifiers)
_LOOKUP = columns_of(LookupCard)
_ALLERGY = columns_of(AllergyOut)
_READ = {"object_type": "patient", "out": PatientAnswer}
_WRITE = {**_READ, "version": "optional", "problems": (service.FieldNotAllowed, service.OwnRecord)}


class _People(Resource):
    """Shows each patient with the fields that the caller may see of them."""

    def dumper(self) -> Callable[[Sequence[Any]], dict[str, Any]]:
        """Return the function that turns a row of `_COLUMNS` and `shows_all` into what the caller may see."""
        columns = (*_COLUMNS, "shows_all")
        whole: type[Schema] = PatientWithIdentifiers if Scope.ALL in self.actor.scopes(Perm.READ) else PatientOut
        show_all, show_card = row_dumper(whole, columns), row_dumper(PatientCard, columns)
        return lambda row: show_all(row) if row[-1] else show_card(row)

    def with_allergies(self, shown: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Add the standing allergies for those who see every patient's (pharmacy roles), in one statement."""
        if Scope.ALL in self.actor.scopes(Perm.ALLERGIES_READ) and shown:
            dump = row_dumper(AllergyOut, tuple(_ALLERGY))
            by_patient: dict[uuid.UUID, list[dict[str, Any]]] = {one["id"]: [] for one in shown}
            for row in entries_of(self.connection, Allergy, _ALLERGY, list(by_patient)):
                by_patient[row.patient_id].append(dump(row))
            for one in shown:
                one["allergies"] = by_patient[one["id"]]
        return shown

    def seen(self, patient_id: uuid.UUID) -> dict[str, Any]:
        """Return one patient as the caller sees them."""
        row = queries.patient_row(self.connection, self.actor, _COLUMNS, patient_id)
        trails.current().about(patient_id, patient_id=patient_id)
        return self.with_allergies([self.dumper()(row)])[0]

    def many(self, *, ranked: bool) -> Response:
        """Answer one page of patients as the caller sees them."""
        page = queries.page_of_patients(self.connection, self.actor, _COLUMNS, self.query, ranked=ranked)
        dump = self.dumper()
        shown = self.with_allergies([dump(row) for row in page.rows])
        trails.current().listed(one["id"] for one in shown)
        return answers.listed(page, shown)


class PatientCollection(_People):
    """All patients."""

    @declares(Perm.READ, action="patients.list", query=PatientQuery, many=True, **_READ)
    def get(self) -> Response:
        """List the patients in one's scope."""
        return self.many(ranked=False)

    @declares(
        Perm.REGISTER,
        action="patients.register",
        body=PatientIn,
        problems=(service.PossibleDuplicate, service.FieldNotAllowed),
        **_READ,
    )
    def post(self) -> Response:
        """Register a patient; a likely duplicate is a 409 with candidates, unless `confirm_new` is true."""
        patient = service.register(actor=self.actor, **self.body)
        return self.created(self.seen(patient.id), "Patient registered.")


class PatientSearch(_People):
    """Search."""

    @declares(Perm.READ, action="patients.search", query=PatientSearchQuery, many=True, **_READ)
    def get(self) -> Response:
        """Search the patients in one's scope by names, MRN, phone, e-mail or birth date; best match first."""
        return self.many(ranked=True)


class PatientLookup(Resource):
    """Exact look-up in the whole clinic."""

    @declares(
        Perm.LOOKUP,
        action="patients.lookup",
        object_type="patient",
        query=LookupQuery,
        out=LookupCard,
        many=True,
        rate="lookup",
    )
    def get(self) -> Response:
        """Find at most five identity cards by MRN, or by both names and birth date."""
        by_name = {"last_name", "first_name", "date_of_birth"}
        if set(self.query) not in ({"mrn"}, by_name):
            raise refused("mrn", why="Give either mrn, or last_name, first_name and date_of_birth.")
        dump = row_dumper(LookupCard, tuple(_LOOKUP))
        return self.items([dump(row) for row in queries.look_up(self.connection, _LOOKUP, self.query)])


class PatientItem(_People):
    """One patient."""

    @declares(Perm.READ, action="patients.read", **_READ)
    def get(self, patient_id: uuid.UUID) -> Response:
        """Show one patient, with as many fields as one's role sees."""
        return self.show(self.seen(patient_id))

    @declares(Perm.UPDATE, action="patients.update", body=PatientPut, **_WRITE)
    def put(self, patient_id: uuid.UUID) -> Response:
        """Replace the writable fields of a patient."""
        return self._update(patient_id)

    @declares(Perm.UPDATE, action="patients.update", body=PatientPut, **_WRITE)
    def patch(self, patient_id: uuid.UUID) -> Response:
        """Change some fields of a patient."""
        return self._update(patient_id)

    @declares(
        Perm.DEACTIVATE,
        action="patients.deactivate",
        object_type="patient",
        version="optional",
        problems=(service.PatientDeceased, service.PatientMerged),
    )
    def delete(self, patient_id: uuid.UUID) -> Response:
        """Deactivate a patient; the history stays."""
        service.deactivate(actor=self.actor, patient_id=patient_id, expected=self.expected)
        return self.gone()

    def _update(self, patient_id: uuid.UUID) -> Response:
        service.update(actor=self.actor, patient_id=patient_id, expected=self.expected, **self.body)
        return self.show(self.seen(patient_id), "Patient changed.")


api.add_resource(PatientCollection, "/patients")
api.add_resource(PatientSearch, "/patients/search")
api.add_resource(PatientLookup, "/patients/lookup")
api.add_resource(PatientItem, "/patients/<uuid:patient_id>")
