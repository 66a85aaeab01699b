"""Specialties over HTTP."""

from __future__ import annotations

import uuid

from flask import Response

from server.core.access import PUBLIC
from server.core.declare import declares
from server.core.dump import columns_of
from server.core.resource import Resource
from server.modules.doctors.policies import Perm
from server.modules.doctors.queries import clinic as queries
from server.modules.doctors.resources.routing import api
from server.modules.doctors.schemas.specialty import SpecialtyIn, SpecialtyOut, SpecialtyPut, SpecialtyQuery
from server.modules.doctors.service import specialties as service

_COLUMNS = columns_of(SpecialtyOut)
_SPECIALTY = {"object_type": "specialty", "out": SpecialtyOut}


class SpecialtyCollection(Resource):
    """All specialties."""

    @declares(PUBLIC, action="specialties.list", query=SpecialtyQuery, many=True, **_SPECIALTY)
    def get(self) -> Response:
        """List specialties; anybody may."""
        return self.page(queries.page_of_specialties(self.connection, _COLUMNS, self.query))

    @declares(
        Perm.SPECIALTIES_MANAGE,
        action="specialties.add",
        body=SpecialtyIn,
        problems=(service.SpecialtyTaken,),
        **_SPECIALTY,
    )
    def post(self) -> Response:
        """Add a specialty; without a code it gets one from its name."""
        return self.created(service.add(**self.body), "Specialty added.")


class SpecialtyItem(Resource):
    """One specialty."""

    @declares(
        Perm.SPECIALTIES_MANAGE,
        action="specialties.update",
        body=SpecialtyPut,
        version="optional",
        problems=(service.SpecialtyTaken,),
        **_SPECIALTY,
    )
    def patch(self, specialty_id: uuid.UUID) -> Response:
        """Change the name or the code of a specialty."""
        specialty = service.change(specialty_id=specialty_id, expected=self.expected, **self.body)
        return self.show(specialty, "Specialty changed.")

    @declares(
        Perm.SPECIALTIES_MANAGE,
        action="specialties.remove",
        object_type="specialty",
        version="optional",
        problems=(service.SpecialtyInUse,),
    )
    def delete(self, specialty_id: uuid.UUID) -> Response:
        """Remove a specialty that nobody has."""
        service.remove(specialty_id=specialty_id, expected=self.expected)
        return self.gone()


api.add_resource(SpecialtyCollection, "/specialties")
api.add_resource(SpecialtyItem, "/specialties/<uuid:specialty_id>")
