"""Allergies of a patient."""

from __future__ import annotations

import uuid

from flask import Response

from server.core.declare import declares
from server.core.resource import Resource
from server.modules.patients.models import Allergy
from server.modules.patients.models.chart import DuplicateAllergy
from server.modules.patients.policies import Perm
from server.modules.patients.queries import chart as queries
from server.modules.patients.resources.entries import Entries
from server.modules.patients.resources.routing import api, patient_within
from server.modules.patients.schemas.chart import (
    AllergyCreate,
    AllergyIn,
    AllergyOut,
    ChartQuery,
    NoneKnownIn,
    NoneKnownOut,
    ReasonQuery,
)
from server.modules.patients.service import chart as service

_ENTRY = {"object_type": "allergy", "within": patient_within}
_CHANGE = {**_ENTRY, "out": AllergyOut, "version": "required", "problems": (service.EnteredInError,)}


class AllergyCollection(Entries):
    """The standing allergies of a patient."""

    model = Allergy
    out = AllergyOut

    @declares(Perm.ALLERGIES_READ, action="allergies.list", query=ChartQuery, out=AllergyOut, many=True, **_ENTRY)
    def get(self, patient_id: uuid.UUID) -> Response:
        """List the allergies of a patient."""
        return self.listed(patient_id)

    @declares(
        Perm.ALLERGIES_WRITE,
        action="allergies.add",
        body=AllergyCreate,
        out=AllergyOut,
        problems=(DuplicateAllergy,),
        **_ENTRY,
    )
    def post(self, patient_id: uuid.UUID) -> Response:
        """Add an allergy."""
        entry = service.add_allergy(actor=self.actor, patient_id=patient_id, **self.body)
        return self.created(self.shown(patient_id, entry.id), "Allergy added.")


class AllergyItem(Entries):
    """One allergy of a patient."""

    model = Allergy
    out = AllergyOut

    @declares(Perm.ALLERGIES_READ, action="allergies.read", out=AllergyOut, **_ENTRY)
    def get(self, patient_id: uuid.UUID, allergy_id: uuid.UUID) -> Response:
        """Show one allergy, one that was entered in error included."""
        return self.show(self.shown(patient_id, allergy_id))

    @declares(Perm.ALLERGIES_WRITE, action="allergies.change", body=AllergyIn, **_CHANGE)
    def patch(self, patient_id: uuid.UUID, allergy_id: uuid.UUID) -> Response:
        """Correct one allergy."""
        service.change_allergy(patient_id=patient_id, entry_id=allergy_id, expected=self.expected, **self.body)
        return self.show(self.shown(patient_id, allergy_id), "Allergy changed.")

    @declares(Perm.VOID, action="allergies.void", query=ReasonQuery, version="required", **_ENTRY)
    def delete(self, patient_id: uuid.UUID, allergy_id: uuid.UUID) -> Response:
        """Mark one's own allergy as entered in error; it stays readable by id."""
        return self.voided(patient_id, allergy_id)


class NoKnownAllergies(Resource):
    """The statement that there are none."""

    @declares(
        Perm.ALLERGIES_WRITE,
        action="allergies.none_known",
        body=NoneKnownIn,
        out=NoneKnownOut,
        fixed=("patient_id",),
        problems=(service.AllergiesPresent,),
        **_ENTRY,
    )
    def put(self, patient_id: uuid.UUID) -> Response:
        """State that the patient knows of no allergies; impossible while one is on the list."""
        service.state_none_known(actor=self.actor, patient_id=patient_id)
        return self.show(queries.none_known(self.connection, patient_id), "No known allergies.")


api.add_resource(AllergyCollection, "/patients/<uuid:patient_id>/allergies")
api.add_resource(NoKnownAllergies, "/patients/<uuid:patient_id>/allergies/none-known")
api.add_resource(AllergyItem, "/patients/<uuid:patient_id>/allergies/<uuid:allergy_id>")
