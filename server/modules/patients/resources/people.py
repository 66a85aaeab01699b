"""Demographics: list, search, look-up, one patient."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from flask import Response, request
from marshmallow import Schema

from server.core import answers, trail as trails
from server.core.access import Scope
from server.core.declare import declares
from server.core.dump import columns_of, page_dumper, row_dumper
from server.core.errors import NotFound, refused
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
    OwnPatientIn,
    PatientAnswer,
    PatientCard,
    PatientChange,
    PatientIn,
    PatientOut,
    PatientQuery,
    PatientSearchQuery,
    PatientWithIdentifiers,
)
from server.modules.patients.service import people as service, portal

_COLUMNS = columns_of(PatientWithIdentifiers)
_LOOKUP = columns_of(LookupCard)
_ALLERGY = columns_of(AllergyOut)
_READ = {"object_type": "patient", "out": PatientAnswer}
_REFUSALS = (service.FieldNotAllowed, service.OwnRecord, service.GlassReadsAndAddsOnly)
_WRITE = {**_READ, "version": "optional", "problems": _REFUSALS}
_OWN_WRITE = {**_WRITE, "problems": (*_REFUSALS, NotFound)}


class _People(Resource):
    """Shows each patient with the fields that the caller may see of them."""

    def dumper(self) -> Callable[[Sequence[Any]], dict[str, Any]]:
        """Return what turns a row of `_COLUMNS`, `is_ward` and `shows_all` into what the caller may see."""
        columns = (*_COLUMNS, "is_ward", "shows_all")
        whole: type[Schema] = PatientWithIdentifiers if Scope.ALL in self.actor.scopes(Perm.READ) else PatientOut
        made: dict[type[Schema], Callable[[Sequence[Any]], dict[str, Any]]] = {}

        def dump(row: Sequence[Any]) -> dict[str, Any]:
            shape = whole if row[-1] else PatientCard
            if shape not in made:
                made[shape] = page_dumper(shape, columns)
            return made[shape](row)

        return dump

    def with_allergies(self, shown: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Add the standing allergies for those who see every patient's (pharmacy roles), in one statement.

        Their own chart is left as it is, unless they are patients too: see `is_not_ones_own`.
        """
        scopes = self.actor.scopes(Perm.ALLERGIES_READ)
        if Scope.ALL not in scopes or not shown:
            return shown
        own_id = None if Scope.OWN in scopes else queries.own_patient_id(self.connection, self.actor)
        others = [one for one in shown if one["id"] != own_id]
        dump = row_dumper(AllergyOut, tuple(_ALLERGY))
        by_patient: dict[uuid.UUID, list[dict[str, Any]]] = {one["id"]: [] for one in others}
        for row in entries_of(self.connection, Allergy, _ALLERGY, list(by_patient)):
            by_patient[row.patient_id].append(dump(row))
        for one in others:
            one["allergies"] = by_patient[one["id"]]
        return shown

    def seen(self, patient_id: uuid.UUID) -> dict[str, Any]:
        """Return one patient as the caller sees them."""
        row, added = queries.patient_row(self.connection, self.actor, _COLUMNS, patient_id)
        trails.current().about(patient_id, patient_id=patient_id)
        shown = self.with_allergies([self.dumper()(row)])[0]
        if row[-1]:
            shown |= added
        if shown.get("allergies") == []:
            queries.require_unmerged(self.connection, patient_id)
        return shown

    def many(self, *, ranked: bool) -> Response:
        """Answer one page of patients as the caller sees them."""
        page = queries.page_of_patients(self.connection, self.actor, _COLUMNS, self.query, ranked=ranked)
        dump = self.dumper()
        shown = self.with_allergies([dump(row) for row in page.rows])
        trails.current().listed(one["id"] for one in shown)
        wards = [one["id"] for one, row in zip(shown, page.rows, strict=True) if row[-2]]
        if len(wards) == 1:
            trails.current().seen_for(wards[0])
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
        patient = portal.register(actor=self.actor, **self.body)
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

    @declares(Perm.UPDATE, action="patients.update", body=PatientChange, **_WRITE)
    def put(self, patient_id: uuid.UUID) -> Response:
        """Replace the writable fields of a patient."""
        return self._update(patient_id)

    @declares(Perm.UPDATE, action="patients.update", body=PatientChange, **_WRITE)
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


class OwnProfile(_People):
    """One's own profile."""

    @declares(Perm.READ, action="patients.read", problems=(NotFound,), **_READ)
    def get(self) -> Response:
        """Show one's own profile."""
        return self.show(self.seen(self._own_id()))

    @declares(
        Perm.REGISTER, action="patients.register", body=OwnPatientIn, problems=(service.AlreadyHasChart,), **_READ
    )
    def post(self) -> Response:
        """Make one's own profile, as a user of role patient who has none."""
        patient = service.make_own_profile(actor=self.actor, **self.body)
        return self.created(
            self.seen(patient.id), "Profile made.", location=f"{request.path.removesuffix('me')}{patient.id}"
        )

    @declares(Perm.UPDATE, action="patients.update", body=PatientChange, **_OWN_WRITE)
    def patch(self) -> Response:
        """Change one's own contact data, language or preferred name."""
        own_id = self._own_id()
        service.update(actor=self.actor, patient_id=own_id, expected=self.expected, **self.body)
        return self.show(self.seen(own_id), "Profile changed.")

    def _own_id(self) -> uuid.UUID:
        own_id = queries.own_patient_id(self.connection, self.actor)
        if own_id is None:
            raise NotFound
        return own_id


class PatientReactivation(_People):
    """The way back of a patient."""

    @declares(Perm.DEACTIVATE, action="patients.reactivate", status=200, problems=(service.PatientMerged,), **_READ)
    def post(self, patient_id: uuid.UUID) -> Response:
        """Make a patient active again who was deactivated, or wrongly said to have died."""
        service.reactivate(actor=self.actor, patient_id=patient_id)
        return self.show(self.seen(patient_id), "Patient reactivated.")


api.add_resource(PatientCollection, "/patients")
api.add_resource(PatientSearch, "/patients/search")
api.add_resource(PatientLookup, "/patients/lookup")
api.add_resource(PatientItem, "/patients/<uuid:patient_id>")
api.add_resource(OwnProfile, "/patients/me")
api.add_resource(PatientReactivation, "/patients/<uuid:patient_id>/reactivate")
